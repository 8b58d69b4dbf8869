// SPDX-License-Identifier: Apache-2.0

// prometheus-config-loader judges configs as the Prometheus does whose config package it is built
// with (scripts/build-go-peer builds it within that module).
//
// Requests come on stdin, "LENGTH\n" and that many bytes of prometheus.yml; the answer on stdout is
// "ok\n", or "refused LENGTH\n" and that many bytes of the error. A config that changes what all
// others share, the default expression of relabel rules, counts as refused. It ends with stdin.
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
func load(text string) (*config.Config, error) {
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
	loaded, _ := results[0].Interface().(*config.Config)
	err, _ := results[len(results)-1].Interface().(error)
	return loaded, err
}

// shared is the expression of every relabel rule in the process that has none of its own. Releases
// differ in the package that it is of.
type shared struct {
	expression reflect.Value // points to it
	original   reflect.Value
	text       string
}

func newShared() (shared, error) {
	loaded, err := load("scrape_configs: [{job_name: a, relabel_configs: [{target_label: b}]}]")
	if err != nil {
		return shared{}, err
	}
	pointer := loaded.ScrapeConfigs[0].RelabelConfigs[0].Regex.Regexp
	expression := reflect.ValueOf(pointer)
	original := reflect.New(expression.Type().Elem()).Elem()
	original.Set(expression.Elem())
	return shared{expression, original, pointer.String()}, nil
}

// restore says what a config has made of the expression, and sets it right for those that follow.
func (s shared) restore() error {
	found := s.expression.Interface().(fmt.Stringer).String()
	if found == s.text {
		return nil
	}
	s.expression.Elem().Set(s.original)
	return fmt.Errorf("the default relabel expression has become %q, of the whole process", found)
}

// judge loads a config and looks at what it has done to others.
func judge(text string, shared shared) error {
	_, err := load(text)
	if harm := shared.restore(); harm != nil {
		return harm
	}
	return err
}

func serve(in *bufio.Reader, out *bufio.Writer) error {
	shared, err := newShared()
	if err != nil {
		return err
	}
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
		if err := judge(string(text), shared); err != nil {
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
