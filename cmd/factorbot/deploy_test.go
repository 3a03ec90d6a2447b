package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/config"
)

// object is what the test reads of a Kubernetes object.
type object struct {
	Kind     string
	Metadata struct{ Name, Namespace string }
	Data     map[string]string
	Spec     struct {
		Replicas int
		Strategy struct{ Type string }
		Selector struct {
			MatchLabels map[string]string `yaml:"matchLabels"`
		}
		MinAvailable int `yaml:"minAvailable"`
		PodSelector  struct {
			MatchLabels map[string]string `yaml:"matchLabels"`
		} `yaml:"podSelector"`
		Template struct {
			Metadata struct{ Labels map[string]string }
			Spec     struct {
				Containers []struct {
					Args           []string
					Env            []struct{ Name, Value string }
					LivenessProbe  podProbe `yaml:"livenessProbe"`
					ReadinessProbe podProbe `yaml:"readinessProbe"`
					VolumeMounts   []struct {
						Name      string
						MountPath string `yaml:"mountPath"`
					} `yaml:"volumeMounts"`
				}
				Volumes []map[string]any
			}
		}
	}
}

// podProbe is how the kubelet asks the bot how it is.
type podProbe struct {
	HTTPGet struct{ Path string } `yaml:"httpGet"`
}

// mustObjects reads what is printed for Kubernetes, by kind.
func mustObjects(t *testing.T, manifest string) map[string]object {
	t.Helper()
	dec := yaml.NewDecoder(bytes.NewReader(printed(t, "manifest", manifest)))
	byKind := map[string]object{}
	for {
		var o object
		if err := dec.Decode(&o); errors.Is(err, io.EOF) {
			return byKind
		} else if err != nil {
			t.Fatal(err)
		}
		if o.Metadata.Name != "factorbot" || o.Metadata.Namespace != "factorbot" {
			t.Errorf("%s is called %+v", o.Kind, o.Metadata)
		}
		byKind[o.Kind] = o
	}
}

// checkObjects says that the objects fit together, and returns the settings that the
// bot gets from them.
func checkObjects(t *testing.T, byKind map[string]object) (vars []string) {
	t.Helper()
	pod := byKind["Deployment"].Spec.Template
	if app := pod.Metadata.Labels["app"]; app == "" || byKind["NetworkPolicy"].Spec.PodSelector.MatchLabels["app"] != app {
		t.Errorf("labels %v, the NetworkPolicy is for %v", pod.Metadata.Labels, byKind["NetworkPolicy"].Spec.PodSelector.MatchLabels)
	}
	if len(pod.Spec.Containers) != 1 {
		t.Fatalf("%d containers; objects %v", len(pod.Spec.Containers), byKind)
	}
	bot := pod.Spec.Containers[0]
	if bot.LivenessProbe.HTTPGet.Path != "/healthz" || bot.ReadinessProbe.HTTPGet.Path != "/readyz" {
		t.Errorf("probes at %+v and %+v", bot.LivenessProbe, bot.ReadinessProbe)
	}
	mounted := map[string]string{}
	for _, m := range bot.VolumeMounts {
		mounted[m.Name] = m.MountPath
	}
	for _, v := range pod.Spec.Volumes {
		if mounted[fmt.Sprint(v["name"])] == "" {
			t.Errorf("the volume %v is not mounted", v["name"])
		}
	}
	policy := mustWrite(t, "policy.yaml", byKind["ConfigMap"].Data["policy.yaml"])
	vars = []string{"SLACK_APP_TOKEN=xapp-1", "SLACK_BOT_TOKEN=xoxb-1", "OKTA_API_TOKEN=token"}
	for _, e := range bot.Env {
		switch {
		case strings.HasPrefix(e.Name, "FACTORBOT_ETCD_") && strings.HasSuffix(e.Name, "_FILE"):
			if !strings.HasPrefix(e.Value, mounted["etcd"]+"/") {
				t.Errorf("%s is %s, not in the secret for etcd", e.Name, e.Value)
			}
			vars = append(vars, e.Name+"="+e.Value)
		case strings.HasSuffix(e.Name, "_FILE"):
			if !strings.HasPrefix(e.Value, mounted["secrets"]+"/") {
				t.Errorf("%s is %s, not in the secrets", e.Name, e.Value)
			}
		case e.Name == config.FileVariable:
			if e.Value != mounted["policy"]+"/policy.yaml" {
				t.Errorf("the policy is looked for at %s", e.Value)
			}
			vars = append(vars, e.Name+"="+policy)
		default:
			vars = append(vars, e.Name+"="+e.Value)
		}
	}
	return vars
}

// What is printed for Kubernetes fits together, and the program takes its settings.
func TestManifest_kubernetes(t *testing.T) {
	byKind := mustObjects(t, "kubernetes")
	vars := checkObjects(t, byKind)
	deployment := byKind["Deployment"].Spec
	if deployment.Replicas != 1 || deployment.Strategy.Type != "Recreate" || byKind["PersistentVolumeClaim"].Kind == "" {
		t.Errorf("one process at a time has the record open: %d replicas, %s", deployment.Replicas, deployment.Strategy.Type)
	}
	cfg, err := config.Load(nil, vars, io.Discard)
	if err != nil || cfg.DB != "/var/lib/factorbot/factorbot.db" {
		t.Errorf("the settings: %v, %v", err, cfg)
	}
}

// With the record in etcd there are two bots, of which one may go at a time.
func TestManifest_kubernetesWithEtcd(t *testing.T) {
	byKind := mustObjects(t, "kubernetes-etcd")
	vars := checkObjects(t, byKind)
	deployment, budget := byKind["Deployment"].Spec, byKind["PodDisruptionBudget"].Spec
	if deployment.Replicas != 2 || deployment.Strategy.Type != "RollingUpdate" || byKind["PersistentVolumeClaim"].Kind != "" {
		t.Errorf("%d replicas, %s", deployment.Replicas, deployment.Strategy.Type)
	}
	if budget.MinAvailable != 1 || budget.Selector.MatchLabels["app"] != deployment.Template.Metadata.Labels["app"] {
		t.Errorf("the budget is %+v", budget)
	}
	cfg, err := config.Load(nil, vars, io.Discard)
	if err != nil || !cfg.InEtcd() || cfg.Etcd.CAFile == "" || cfg.Control == "" {
		t.Errorf("the settings: %v, %v", err, cfg)
	}
}

func TestManifest_printsFiles(t *testing.T) {
	for name, has := range map[string]string{"app": "display_information", "alerts": "factorbot_", "systemd": "[Service]", "compose": "services:"} {
		if text := printed(t, "manifest", name); !bytes.Contains(text, []byte(has)) {
			t.Errorf("manifest %s does not hold %s", name, has)
		}
	}
	errs := &buffer{}
	if code := run(t.Context(), []string{"manifest", "systemdd"}, cli.Env{Stdout: errs, Stderr: errs}); code != 2 || !strings.Contains(errs.String(), "did you mean systemd?") {
		t.Errorf("exit code %d, %s", code, errs)
	}
}

// help NAME explains a subcommand; a wrong name is answered with the nearest.
func TestHelp(t *testing.T) {
	if text := printed(t, "help", "doctor"); !bytes.Contains(text, []byte("--offline")) {
		t.Errorf("help doctor: %s", text)
	}
	for _, args := range [][]string{{"help", "docter"}, {"docter"}} {
		errs := &buffer{}
		if code := run(t.Context(), args, cli.Env{Stdout: errs, Stderr: errs}); code != 2 || !strings.Contains(errs.String(), "did you mean doctor?") {
			t.Errorf("%v: exit code %d, %s", args, code, errs)
		}
	}
}
