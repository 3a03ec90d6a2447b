package formats

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/yannh/kubeconform/pkg/validator"
)

// kubernetes is the release whose schemas the objects are held against.
const kubernetes = "k8s.io/kubernetes@v1.37.2"

// mustSchemas writes the schema of each kind of object into a folder, as kubeconform
// looks for them. They are made from the description that Kubernetes publishes of its
// API, which is a file of its Go module. A key that it does not have is refused.
func mustSchemas(tb testing.TB) (location string) {
	tb.Helper()
	download := exec.Command("go", "mod", "download", "-json", kubernetes)
	download.Dir = tb.TempDir() // outside a module
	out, err := download.Output()
	if err != nil {
		tb.Fatalf("%v\n%s", err, out)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		tb.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(module.Dir, "api/openapi-spec/swagger.json"))
	if err != nil {
		tb.Fatal(err)
	}
	var api struct {
		Definitions map[string]map[string]any `json:"definitions"`
	}
	if err := json.Unmarshal(b, &api); err != nil {
		tb.Fatal(err)
	}
	folder := tb.TempDir()
	for name, definition := range api.Definitions {
		if definition["properties"] != nil {
			definition["additionalProperties"] = false
		}
		if definition["format"] == "int-or-string" {
			api.Definitions[name] = map[string]any{"type": []string{"integer", "string"}}
		}
		if strings.HasSuffix(name, ".Quantity") {
			api.Definitions[name] = map[string]any{"type": []string{"number", "string"}}
		}
	}
	for name, definition := range api.Definitions {
		kinds, _ := definition["x-kubernetes-group-version-kind"].([]any)
		for _, k := range kinds {
			kind := k.(map[string]any)
			group, _, _ := strings.Cut(kind["group"].(string), ".")
			file := strings.Trim(strings.Join([]string{kind["kind"].(string), group, kind["version"].(string)}, "-"), "-")
			file = strings.ToLower(strings.ReplaceAll(file, "--", "-")) + ".json"
			text, err := json.Marshal(map[string]any{"$ref": "#/definitions/" + name, "definitions": api.Definitions})
			if err != nil {
				tb.Fatal(err)
			}
			if slices.Contains(used(), file) {
				if err := os.WriteFile(filepath.Join(folder, file), text, 0o600); err != nil {
					tb.Fatal(err)
				}
			}
		}
	}
	return folder + "/{{ .ResourceKind }}{{ .KindSuffix }}.json"
}

// used are the schemas of the kinds that the objects have; each holds the whole API.
func used() []string {
	return []string{
		"configmap-v1.json", "persistentvolumeclaim-v1.json", "deployment-apps-v1.json",
		"poddisruptionbudget-policy-v1.json", "networkpolicy-networking-v1.json",
	}
}

func TestManifest_kubernetesObjects(t *testing.T) {
	v, err := validator.New([]string{mustSchemas(t)}, validator.Opts{Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	check := func(text []byte) (kinds []string, problems []error) {
		for _, r := range v.Validate("manifest", io.NopCloser(bytes.NewReader(text))) {
			if r.Status == validator.Empty {
				continue
			}
			signature, err := r.Resource.Signature()
			if err != nil {
				t.Fatal(err)
			}
			kinds = append(kinds, signature.Kind)
			if r.Status != validator.Valid {
				problems = append(problems, r.Err)
			}
		}
		return kinds, problems
	}
	for file, want := range map[string][]string{
		"kubernetes.yaml":      {"ConfigMap", "PersistentVolumeClaim", "Deployment", "NetworkPolicy"},
		"kubernetes-etcd.yaml": {"ConfigMap", "PodDisruptionBudget", "Deployment", "NetworkPolicy"},
	} {
		text := mustRead(t, "cmd/internal/setup/deploy/"+file)
		kinds, problems := check(text)
		if !slices.Equal(kinds, want) || len(problems) > 0 {
			t.Errorf("%s has %v: %v", file, kinds, problems)
		}
		for right, wrong := range map[string]string{
			"readinessProbe:": "readyProbe:", "  replicas: ": "  replicas: about ", "policyTypes: [Ingress, Egress]": "policyTypes: Ingress",
		} {
			if _, problems := check(bytes.Replace(text, []byte(right), []byte(wrong), 1)); len(problems) != 1 {
				t.Errorf("%s with %q has the problems %v", file, wrong, problems)
			}
		}
	}
}
