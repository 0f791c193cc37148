// A program profiled by pyroscope-go: two routes, with a function of its own each.
//
//	goapp <server> <service> <seconds>
package main

import (
	"context"
	"os"
	"strconv"
	"time"

	"github.com/grafana/pyroscope-go"
)

var kept [][]byte

//go:noinline
func countTo(limit int) int {
	number := 0
	for number < limit {
		number += 1 + number%2
	}
	return number
}

//go:noinline
func addSquares(limit int) int {
	total := 0
	for number := range limit {
		total += number * number
	}
	return total
}

//go:noinline
func keep(size int) {
	kept = append(kept, make([]byte, size))
	if len(kept) > 100 {
		kept = kept[50:]
	}
}

func route(name string, work func()) {
	pyroscope.TagWrapper(context.Background(), pyroscope.Labels("route", name), func(context.Context) { work() })
}

func main() {
	seconds, err := strconv.ParseFloat(os.Args[3], 64)
	if err != nil {
		panic(err)
	}
	profiler, err := pyroscope.Start(pyroscope.Config{
		ApplicationName: os.Args[2],
		ServerAddress:   os.Args[1],
		Tags:            map[string]string{"region": "eu-west", "version": "1.2.3"},
		UploadRate:      2 * time.Second,
		Logger:          pyroscope.StandardLogger,
	})
	if err != nil {
		panic(err)
	}
	sum := 0
	for end := time.Now().Add(time.Duration(seconds * float64(time.Second))); time.Now().Before(end); {
		route("/fast", func() { sum += countTo(2_000_000) })
		route("/slow", func() { sum += addSquares(20_000_000); keep(1 << 20) })
	}
	if err := profiler.Stop(); err != nil {
		panic(err)
	}
	if sum == 0 {
		os.Exit(1)
	}
}
