package formats

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
)

// image is the file system of the Dockerfile's last stage, with what it says of a container.
type image struct {
	root     string
	env      []string
	user     int
	entry    []string
	asChosen bool // files belong to the user that the Dockerfile names, which only root can arrange
}

// mustAssemble makes the image without an engine: what the last stage copies, owned by
// the user that it names, and nothing else.
func mustAssemble(t *testing.T) *image {
	build, final := stages(t)
	out := built(t, build)
	im := &image{root: t.TempDir(), asChosen: os.Geteuid() == 0}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range final.Commands {
		switch c := c.(type) {
		case *instructions.CopyCommand:
			from := strings.Replace(c.SourcePaths[0], "/out/", out+"/", 1)
			to := filepath.Join(im.root, c.DestPath)
			must(os.MkdirAll(filepath.Dir(to), 0o755))
			info, err := os.Stat(from)
			must(err)
			mustCopy(t, from, to)
			must(os.Chmod(to, info.Mode().Perm()))
			if owner, _, ok := strings.Cut(c.Chown, ":"); ok && im.asChosen {
				uid, err := strconv.Atoi(owner)
				must(err)
				must(os.Chown(to, uid, uid))
			}
		case *instructions.EnvCommand:
			for _, e := range c.Env {
				im.env = append(im.env, e.Key+"="+e.Value)
			}
		case *instructions.UserCommand:
			uid, _, _ := strings.Cut(c.User, ":")
			var err error
			im.user, err = strconv.Atoi(uid)
			must(err)
		case *instructions.EntrypointCommand:
			im.entry = c.CmdLine
		}
	}
	for dir := im.root; strings.HasPrefix(dir, os.TempDir()+"/"); dir = filepath.Dir(dir) { // the user may go in
		must(os.Chmod(dir, 0o755))
	}
	return im
}

// command runs the image's program in its file system, as its user, with its environment
// and nothing of ours: as root that is set at once, else in a user namespace.
func (im *image) command(t *testing.T, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), im.entry[0], append(im.entry[1:], args...)...)
	cmd.Dir, cmd.Env = "/", append(im.env, env...)
	id := uint32(im.user)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Chroot: im.root, Credential: &syscall.Credential{Uid: id, Gid: id}, Pdeathsig: syscall.SIGKILL,
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS,
	}
	if !im.asChosen {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: im.user, HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: im.user, HostID: os.Getegid(), Size: 1}}
		cmd.SysProcAttr.Credential.NoSetGroups = true
	}
	return cmd
}

func TestImage(t *testing.T) {
	im := mustAssemble(t)
	t.Run("runs the sandbox", im.runsTheSandbox)
	t.Run("run asks for settings", im.asksForSettings)
}

// The image holds all that the sandbox needs: run as its user in its file system, with its
// environment alone, it serves its page, the bot in it is ready by the image's own health
// check, and it ends when it is told to.
func (im *image) runsTheSandbox(t *testing.T) {
	cmd := im.command(t, nil, "sandbox", "--container", "--addr", "127.0.0.1:0", "--users", "30")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	lines, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(lines)
	urls := map[string]string{}
	for range 4 {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatalf("%v after %q: %s", err, urls, said.String())
		}
		what, url, _ := strings.Cut(strings.TrimSpace(line), " URL ")
		urls[what] = url
	}
	if resp, err := http.Get(urls["page"]); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("the page: %v", err)
	} else {
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || !strings.Contains(string(body), "<html") {
			t.Errorf("the page: %v, %.100s", err, body)
		}
	}
	addr := strings.TrimSuffix(strings.TrimPrefix(urls["page"], "http://"), "/")
	var check []byte
	for tries := 0; ; tries++ {
		if check, err = im.command(t, []string{"FACTORBOT_HTTP_ADDR=" + addr}, "health").CombinedOutput(); err == nil {
			break
		}
		if tries == 40 {
			t.Fatalf("the health check: %v, %s", err, check)
		}
		<-time.After(250 * time.Millisecond)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v: %s", err, said.String())
	}
}

// Without settings the image's own command ends with code 2 and names one: it finds
// nothing of the machine that built it.
func (im *image) asksForSettings(t *testing.T) {
	text, err := im.command(t, nil, "run").CombinedOutput()
	exit, ok := err.(*exec.ExitError)
	if !ok || exit.ExitCode() != 2 || !strings.Contains(string(text), "SLACK_APP_TOKEN") {
		t.Errorf("%v: %s", err, text)
	}
}
