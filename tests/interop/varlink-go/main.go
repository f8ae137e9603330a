// Speaks to assentd with a Varlink client that is not ours (Debian's
// golang-github-varlink-go-dev): introspection, calls, errors, and streams with "more".
//
// Usage: varlink-go SOCKET. As root it watches events while it reloads; as anybody else it opens a
// request (sudo, run as root, for /usr/bin/id), waits for it with "more" and withdraws it.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/varlink/go/varlink"
	"github.com/varlink/go/varlink/idl"
)

type status struct {
	Version  string   `json:"version"`
	Host     string   `json:"host"`
	Started  string   `json:"started"`
	Problems []string `json:"problems"`
	Policy   *struct {
		Digest string `json:"digest"`
		Rules  int64  `json:"rules"`
	} `json:"policy"`
}

type watched struct {
	Event struct {
		Seq   int64  `json:"seq"`
		Event string `json:"event"`
	} `json:"event"`
}

func check(ok bool, what string, detail interface{}) {
	if !ok {
		fmt.Fprintf(os.Stderr, "FAIL %s: %v\n", what, detail)
		os.Exit(1)
	}
	fmt.Println("ok  ", what)
}

func connect(ctx context.Context, socket string) *varlink.Connection {
	connection, err := varlink.NewConnection(ctx, "unix:"+socket)
	if err != nil {
		fmt.Fprintln(os.Stderr, "FAIL connect:", err)
		os.Exit(1)
	}
	return connection
}

func checkService(ctx context.Context, c *varlink.Connection) {
	var product, version string
	var interfaces []string

	err := c.GetInfo(ctx, nil, &product, &version, nil, &interfaces)
	check(err == nil && product == "assentd" && version != "", "GetInfo", err)
	check(len(interfaces) == 2, "two interfaces", interfaces)
	for _, name := range interfaces {
		text, err := c.GetInterfaceDescription(ctx, name)
		check(err == nil, "GetInterfaceDescription "+name, err)
		parsed, err := idl.New(text)
		check(err == nil && parsed.Name == name, "its text is an interface description", err)
	}
}

func checkErrors(ctx context.Context, c *varlink.Connection) {
	err := c.Call(ctx, "io.assent.NoSuchMethod", nil, nil)
	_, ok := err.(*varlink.MethodNotFound)
	check(ok, "MethodNotFound", err)
	err = c.Call(ctx, "io.nobody.Method", nil, nil)
	_, ok = err.(*varlink.InterfaceNotFound)
	check(ok, "InterfaceNotFound", err)
	err = c.Call(ctx, "org.varlink.service.GetInterfaceDescription", nil, nil)
	_, ok = err.(*varlink.InvalidParameter)
	check(ok, "InvalidParameter", err)
}

func checkStatus(ctx context.Context, c *varlink.Connection) {
	var s status

	err := c.Call(ctx, "io.assent.GetStatus", nil, &s)
	check(err == nil, "GetStatus", err)
	_, err = time.Parse(time.RFC3339, s.Started)
	check(err == nil && s.Version != "" && s.Host != "" && s.Policy != nil, "its fields", s)
}

func checkWatch(ctx context.Context, socket string) {
	watcher, other := connect(ctx, socket), connect(ctx, socket)
	defer watcher.Close()
	defer other.Close()
	receive, err := watcher.Send(ctx, "io.assent.Watch", nil, varlink.More)
	check(err == nil, "Watch with more", err)

	var last int64
	for i := 0; i < 2; i++ {
		var w watched

		err = other.Call(ctx, "io.assent.Reload", nil, nil)
		check(err == nil, "Reload", err)
		flags, err := receive(ctx, &w)
		check(err == nil && flags&varlink.Continues != 0, "an event that continues", err)
		check(w.Event.Event != "" && w.Event.Seq > last, "with a name and a number", w)
		last = w.Event.Seq
	}
}

type requested struct {
	Request struct {
		ID      string `json:"id"`
		State   string `json:"state"`
		Subject struct {
			UID int `json:"uid"`
		} `json:"subject"`
	} `json:"request"`
}

func checkRequest(ctx context.Context, c *varlink.Connection, socket string) {
	var r requested

	err := c.Call(ctx, "io.assent.OpenRequest", map[string]interface{}{"service": "sudo",
		"run_as": "root", "command": []string{"/usr/bin/id", "-u"}, "reason": "interoperability"}, &r)
	check(err == nil && r.Request.State == "waiting", "OpenRequest", err)
	check(r.Request.Subject.UID == os.Getuid(), "the subject is the caller", r)
	id := map[string]string{"id": r.Request.ID}

	waiter := connect(ctx, socket)
	defer waiter.Close()
	receive, err := waiter.Send(ctx, "io.assent.WaitRequest", id, varlink.More)
	check(err == nil, "WaitRequest with more", err)
	flags, err := receive(ctx, &r)
	check(err == nil && flags&varlink.Continues != 0 && r.Request.State == "waiting",
		"it waits, and continues", err)
	err = c.Call(ctx, "io.assent.WithdrawRequest", id, nil)
	check(err == nil, "WithdrawRequest", err)
	flags, err = receive(ctx, &r)
	check(err == nil && flags == 0 && r.Request.State == "withdrawn", "it ends, withdrawn", err)
	err = c.Call(ctx, "io.assent.WithdrawRequest", id, nil)
	failure, ok := err.(*varlink.Error)
	check(ok && failure.Name == "io.assent.AlreadyEnded", "an error by its name", err)
	err = c.Call(ctx, "io.assent.Reload", nil, nil)
	failure, ok = err.(*varlink.Error)
	check(ok && failure.Name == "org.varlink.service.PermissionDenied", "root's method is root's", err)
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: varlink-go SOCKET")
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	c := connect(ctx, os.Args[1])
	defer c.Close()
	checkService(ctx, c)
	checkErrors(ctx, c)
	checkStatus(ctx, c)
	if os.Getuid() == 0 {
		checkWatch(ctx, os.Args[1])
	} else {
		checkRequest(ctx, c, os.Args[1])
	}
}
