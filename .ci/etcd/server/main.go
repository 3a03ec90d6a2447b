// Command server is one member of etcd as a process, which a drill can kill and stop.
//
// Usage: server NAME DIRECTORY CLIENT-ADDRESS PEER-ADDRESS NAME=PEER-URL,...
package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"go.etcd.io/etcd/server/v3/embed"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 5 {
		return fmt.Errorf("%d arguments, want 5", len(args))
	}
	c := embed.NewConfig()
	c.Name, c.Dir, c.InitialCluster, c.LogLevel = args[0], args[1], args[4], "error"
	at := func(address string) []url.URL { return []url.URL{{Scheme: "http", Host: address}} }
	c.ListenClientUrls, c.AdvertiseClientUrls = at(args[2]), at(args[2])
	c.ListenPeerUrls, c.AdvertisePeerUrls = at(args[3]), at(args[3])
	member, err := embed.StartEtcd(c)
	if err != nil {
		return err
	}
	defer member.Close()
	select {
	case <-ctx.Done():
		return nil
	case err := <-member.Err():
		return err
	}
}
