package etcdtest

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/etcdutl/v3/snapshot"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
)

// mustSnapshot saves a snapshot of a member, as "etcdctl snapshot save" does.
func mustSnapshot(t *testing.T, at string) (path string) {
	t.Helper()
	direct, err := clientv3.New(clientv3.Config{Endpoints: []string{at}})
	if err != nil {
		t.Fatal(err)
	}
	defer direct.Close()
	stream, err := direct.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	path = filepath.Join(t.TempDir(), "snapshot.db")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := io.Copy(file, stream); err != nil {
		t.Fatal(err)
	}
	return path
}

// mustPutBack starts a member on a snapshot, as "etcdutl snapshot restore" does.
func mustPutBack(t *testing.T, path string) *embed.Etcd {
	t.Helper()
	c := mustConfig(t, "m0")
	peer := c.AdvertisePeerUrls[0].String()
	c.InitialCluster = c.Name + "=" + peer
	c.Dir = filepath.Join(t.TempDir(), "restored")
	err := snapshot.NewV3(zap.NewNop()).Restore(snapshot.RestoreConfig{
		SnapshotPath: path, Name: c.Name, OutputDataDir: c.Dir, PeerURLs: []string{peer},
		InitialCluster: c.InitialCluster, InitialClusterToken: c.InitialClusterToken,
	})
	if err != nil {
		t.Fatal(err)
	}
	return mustStart(t, c)[0]
}

// A snapshot of etcd is put back that is older than some resets, and carries no mark: the
// process that leads next finds them in the System Log, and who was reset since is not
// reset again.
func TestProcesses_snapshot(t *testing.T) {
	t.Parallel()
	member := mustCluster(t, 1)[0]
	in := mustInstall(t, mustProgram(t), "etcd://"+addr(member)+"/factorbot")
	b := in.mustBot()
	awaited(t, "the process leads", b.leads)
	in.finish("FR-1")
	in.ask("FR-2")
	awaited(t, "it is noted until when the record is used", func() bool { return in.holds(addr(member), "alive") })
	path := mustSnapshot(t, addr(member))
	in.approve("FR-2")
	before := in.resets()
	b.stop()
	member.Close()

	in.db = "etcd://" + addr(mustPutBack(t, path)) + "/factorbot"
	b = in.mustBot()
	awaited(t, "the process leads on the snapshot", b.leads)
	awaited(t, "the process finds that the record is an older one", func() bool { return strings.Contains(b.logged(), "an older record was put back") })
	in.approve("FR-2")
	for login, times := range in.resets() {
		if times != before[login] {
			t.Errorf("%s was reset %d times before, and %d times in all", login, before[login], times)
		}
	}
	in.finish("FR-1003") // the numbers that may have been given since are left out
	if out, err := in.command("audit", "verify").CombinedOutput(); err != nil {
		t.Errorf("the audit trail: %v, %s", err, out)
	}
	b.stop()
}
