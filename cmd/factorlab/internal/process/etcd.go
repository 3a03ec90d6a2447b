package process

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// etcdMembers is how many members etcd has here.
const etcdMembers = 3

// Member is one member of etcd, a process of its own. It belongs to one goroutine.
type Member struct {
	Client string // address for clients: "127.0.0.1:2379"

	spec    Spec
	process *Process // nil: it was killed
}

// StartEtcd starts the members of an etcd, which end with this process. Their program is
// built where none is named, in the top folder of this repository: the server of etcd is
// in a module of its own, on which the bot does not depend. The members that were started
// are returned with an error, too.
func StartEtcd(ctx context.Context, dir, program string) ([]*Member, error) {
	if program == "" {
		program = filepath.Join(dir, "etcd-server")
		build := exec.CommandContext(ctx, "go", "build", "-o", program, "./server")
		build.Dir = filepath.Join(".ci", "etcd")
		if out, err := build.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build a member of etcd in %s: %w\n%s", build.Dir, err, out)
		}
	}
	program, err := filepath.Abs(program) // the members run in a folder of their own
	if err != nil {
		return nil, err
	}
	var members []*Member
	var cluster, peers []string
	for i := range etcdMembers {
		client, err := freeAddress()
		if err != nil {
			return nil, err
		}
		peer, err := freeAddress()
		if err != nil {
			return nil, err
		}
		members = append(members, &Member{Client: client})
		peers, cluster = append(peers, peer), append(cluster, fmt.Sprintf("m%d=http://%s", i, peer))
	}
	for i, m := range members {
		m.spec = Spec{
			Program: program, Dir: dir, Log: fmt.Sprintf("etcd-%d.log", i),
			Args: []string{fmt.Sprint("m", i), filepath.Join(dir, fmt.Sprint("etcd-", i)), m.Client, peers[i], strings.Join(cluster, ",")},
		}
		if err := m.Start(); err != nil {
			return members, err
		}
	}
	return members, nil
}

// freeAddress is a port of this machine that nobody has at the moment.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a port: %w", err)
	}
	return l.Addr().String(), l.Close()
}

// Start starts the member, unless it runs.
func (m *Member) Start() (err error) {
	if m.process == nil {
		m.process, err = Start(context.Background(), m.spec)
	}
	return err
}

// Kill kills the member, if it runs.
func (m *Member) Kill() {
	if m.process != nil {
		m.process.Kill()
		m.process = nil
	}
}

// Signal sends the member a signal, if it runs.
func (m *Member) Signal(s syscall.Signal) error {
	if m.process == nil {
		return nil
	}
	return m.process.Signal(s)
}

// Leads asks the member whether it leads the others.
func (m *Member) Leads(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+m.Client+"/v3/maintenance/status", strings.NewReader("{}"))
	if err != nil {
		return false, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false, fmt.Errorf("ask a member of etcd: %w", err)
	}
	defer resp.Body.Close()
	var answer struct {
		Header struct {
			ID string `json:"member_id"`
		} `json:"header"`
		Leader string `json:"leader"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return false, fmt.Errorf("ask a member of etcd: %w", err)
	}
	return answer.Leader != "" && answer.Leader == answer.Header.ID, nil
}
