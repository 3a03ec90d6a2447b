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
		Replicas    int
		Strategy    struct{ Type string }
		Selector    struct{ MatchLabels map[string]string }
		PodSelector struct {
			MatchLabels map[string]string `yaml:"matchLabels"`
		} `yaml:"podSelector"`
		Template struct {
			Metadata struct{ Labels map[string]string }
			Spec     struct {
				Containers []struct {
					Args         []string
					Env          []struct{ Name, Value string }
					VolumeMounts []struct {
						Name      string
						MountPath string `yaml:"mountPath"`
					} `yaml:"volumeMounts"`
				}
				Volumes []map[string]any
			}
		}
	}
}

// What is printed for Kubernetes fits together, and the program takes its settings.
func TestManifest_kubernetes(t *testing.T) {
	dec := yaml.NewDecoder(bytes.NewReader(printed(t, "manifest", "kubernetes")))
	byKind := map[string]object{}
	for {
		var o object
		if err := dec.Decode(&o); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if o.Metadata.Name != "factorbot" || o.Metadata.Namespace != "factorbot" {
			t.Errorf("%s is called %+v", o.Kind, o.Metadata)
		}
		byKind[o.Kind] = o
	}
	deployment := byKind["Deployment"].Spec
	if deployment.Replicas != 1 || deployment.Strategy.Type != "Recreate" {
		t.Errorf("one process has the record at a time: %d replicas, %s", deployment.Replicas, deployment.Strategy.Type)
	}
	pod := deployment.Template
	if app := pod.Metadata.Labels["app"]; app == "" || byKind["NetworkPolicy"].Spec.PodSelector.MatchLabels["app"] != app {
		t.Errorf("labels %v, the NetworkPolicy is for %v", pod.Metadata.Labels, byKind["NetworkPolicy"].Spec.PodSelector.MatchLabels)
	}
	if byKind["PersistentVolumeClaim"].Kind == "" || len(pod.Spec.Containers) != 1 {
		t.Fatalf("%d containers; objects %v", len(pod.Spec.Containers), byKind)
	}
	bot := pod.Spec.Containers[0]
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
	vars := []string{"SLACK_APP_TOKEN=xapp-1", "SLACK_BOT_TOKEN=xoxb-1", "OKTA_API_TOKEN=token"}
	for _, e := range bot.Env {
		switch {
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
	cfg, err := config.Load(nil, vars, io.Discard)
	if err != nil || !strings.HasPrefix(cfg.DB, mounted["record"]+"/") {
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
