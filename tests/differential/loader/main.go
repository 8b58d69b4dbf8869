// SPDX-License-Identifier: Apache-2.0

// prometheus-config-loader judges configs as the Prometheus does whose config package it is built
// with (scripts/build-go-peer builds it within that module).
//
// Requests come on stdin, "LENGTH\n" and that many bytes of prometheus.yml; the answer on stdout is
// "ok\n", or "refused LENGTH\n" and that many bytes of the error. It ends with stdin.
package main

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"os"
	"reflect"
	"strconv"
	"strings"

	"github.com/prometheus/common/version"
	"github.com/prometheus/prometheus/config"
)

// sources is set by scripts/build-go-peer: a hash of these files.
var sources = "unknown"

// silence is a logger of go-kit, which Prometheus 2 takes.
type silence struct{}

func (silence) Log(...interface{}) error { return nil }

// load calls config.Load, whose parameters differ from one version to the next: the text, up to
// Prometheus 2 whether external labels are expanded (they always are in 3), and a logger.
func load(text string) error {
	function := reflect.ValueOf(config.Load)
	arguments := []reflect.Value{reflect.ValueOf(text)}
	for i := 1; i < function.Type().NumIn(); i++ {
		switch parameter := function.Type().In(i); {
		case parameter.Kind() == reflect.Bool:
			arguments = append(arguments, reflect.ValueOf(false))
		case parameter == reflect.TypeOf((*slog.Logger)(nil)):
			arguments = append(arguments, reflect.ValueOf(slog.New(slog.NewTextHandler(io.Discard, nil))))
		default:
			arguments = append(arguments, reflect.ValueOf(silence{}))
		}
	}
	results := function.Call(arguments)
	err, _ := results[len(results)-1].Interface().(error)
	return err
}

func serve(in *bufio.Reader, out *bufio.Writer) error {
	for {
		line, err := in.ReadString('\n')
		if err == io.EOF && line == "" {
			return nil
		}
		if err != nil {
			return err
		}
		length, err := strconv.Atoi(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return err
		}
		text := make([]byte, length)
		if _, err := io.ReadFull(in, text); err != nil {
			return err
		}
		if err := load(string(text)); err != nil {
			fmt.Fprintf(out, "refused %d\n%s", len(err.Error()), err)
		} else {
			fmt.Fprint(out, "ok\n")
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Printf("prometheus-config-loader, version %s (sources: %s)\n", version.Version, sources)
		return
	}
	if err := serve(bufio.NewReader(os.Stdin), bufio.NewWriter(os.Stdout)); err != nil {
		fmt.Fprintln(os.Stderr, "prometheus-config-loader:", err)
		os.Exit(1)
	}
}
