// Asks a server what profilecli and Grafana's data source ask, through the client library that both are made of, and
// prints the answers as one JSON object. Usage: program <server> <connect|grpcweb|grpc> <pprof file> <service>
package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"connectrpc.com/connect"
	googlev1 "github.com/grafana/pyroscope/api/gen/proto/go/google/v1"
	pushv1 "github.com/grafana/pyroscope/api/gen/proto/go/push/v1"
	"github.com/grafana/pyroscope/api/gen/proto/go/push/v1/pushv1connect"
	querierv1 "github.com/grafana/pyroscope/api/gen/proto/go/querier/v1"
	"github.com/grafana/pyroscope/api/gen/proto/go/querier/v1/querierv1connect"
	typesv1 "github.com/grafana/pyroscope/api/gen/proto/go/types/v1"
	"golang.org/x/net/http2"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

const profileType = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"

func main() {
	server, protocol, file, service := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	client := http.DefaultClient
	var options []connect.ClientOption
	switch protocol {
	case "grpcweb":
		options = append(options, connect.WithGRPCWeb())
	case "grpc":
		options = append(options, connect.WithGRPC())
		// HTTP/2 without TLS, as profilecli speaks it.
		client = &http.Client{Transport: &http2.Transport{
			AllowHTTP: true,
			DialTLSContext: func(_ context.Context, network, address string, _ *tls.Config) (net.Conn, error) {
				return net.Dial(network, address)
			},
		}}
	}
	push(pushv1connect.NewPusherServiceClient(client, server, options...), file, service)
	asker := &asker{answers: map[string]json.RawMessage{}}
	asker.askAll(querierv1connect.NewQuerierServiceClient(client, server, options...), service)
	must(json.NewEncoder(os.Stdout).Encode(asker.answers))
}

// push uploads a profile as "profilecli upload" does, under a name and a service.
func push(client pushv1connect.PusherServiceClient, file, service string) {
	raw, err := os.ReadFile(file)
	must(err)
	labels := []*typesv1.LabelPair{
		{Name: "__name__", Value: "process_cpu"},
		{Name: "service_name", Value: service},
	}
	series := &pushv1.RawProfileSeries{Labels: labels, Samples: []*pushv1.RawSample{{RawProfile: raw}}}
	_, err = client.Push(context.Background(), connect.NewRequest(&pushv1.PushRequest{Series: []*pushv1.RawProfileSeries{series}}))
	must(err)
}

type asker struct {
	answers map[string]json.RawMessage
}

func keep[Answer any](asker *asker, name string, answer *connect.Response[Answer], err error) {
	if err != nil {
		asker.answers[name], _ = json.Marshal(map[string]string{"error": err.Error(), "code": connect.CodeOf(err).String()})
		return
	}
	encoded, err := protojson.Marshal(any(answer.Msg).(proto.Message))
	must(err)
	asker.answers[name] = encoded
}

func (asker *asker) askAll(client querierv1connect.QuerierServiceClient, service string) {
	ctx := context.Background()
	start, end := time.Now().Add(-time.Hour).UnixMilli(), time.Now().Add(time.Minute).UnixMilli()
	selector := fmt.Sprintf("{service_name=%q}", service)

	health, err := client.ProfileTypes(ctx, connect.NewRequest(&querierv1.ProfileTypesRequest{Start: 1000, End: 4000}))
	keep(asker, "health", health, err)
	types, err := client.ProfileTypes(ctx, connect.NewRequest(&querierv1.ProfileTypesRequest{Start: start, End: end}))
	keep(asker, "types", types, err)
	names, err := client.LabelNames(ctx, connect.NewRequest(&typesv1.LabelNamesRequest{
		Matchers: []string{selector}, Start: start, End: end,
	}))
	keep(asker, "names", names, err)
	values, err := client.LabelValues(ctx, connect.NewRequest(&typesv1.LabelValuesRequest{
		Name: "service_name", Matchers: []string{selector}, Start: start, End: end,
	}))
	keep(asker, "values", values, err)
	series, err := client.Series(ctx, connect.NewRequest(&querierv1.SeriesRequest{
		Matchers: []string{selector}, LabelNames: []string{"service_name", "__profile_type__"}, Start: start, End: end,
	}))
	keep(asker, "series", series, err)
	stats, err := client.GetProfileStats(ctx, connect.NewRequest(&typesv1.GetProfileStatsRequest{}))
	keep(asker, "stats", stats, err)
	cost, err := client.AnalyzeQuery(ctx, connect.NewRequest(&querierv1.AnalyzeQueryRequest{
		Start: start, End: end, Query: profileType + selector,
	}))
	keep(asker, "cost", cost, err)

	for name, format := range map[string]querierv1.ProfileFormat{
		"flamegraph": querierv1.ProfileFormat_PROFILE_FORMAT_FLAMEGRAPH,
		"tree":       querierv1.ProfileFormat_PROFILE_FORMAT_TREE,
		"dot":        querierv1.ProfileFormat_PROFILE_FORMAT_DOT,
		"pprof":      querierv1.ProfileFormat_PROFILE_FORMAT_PPROF,
	} {
		request := merge(selector, start, end)
		request.Format = format
		answer, err := client.SelectMergeStacktraces(ctx, connect.NewRequest(request))
		keep(asker, name, answer, err)
	}
	goPGO := merge(selector, start, end)
	goPGO.Format = querierv1.ProfileFormat_PROFILE_FORMAT_PPROF
	goPGO.StackTraceSelector = &typesv1.StackTraceSelector{
		GoPgo: &typesv1.GoPGO{KeepLocations: 5, AggregateCallees: true},
	}
	pgo, err := client.SelectMergeStacktraces(ctx, connect.NewRequest(goPGO))
	keep(asker, "go-pgo", pgo, err)
	site := merge(selector, start, end)
	site.StackTraceSelector = &typesv1.StackTraceSelector{CallSite: []*typesv1.Location{{Name: "runtime.main"}}}
	below, err := client.SelectMergeStacktraces(ctx, connect.NewRequest(site))
	keep(asker, "call-site", below, err)
	spans := merge(selector, start, end)
	spans.SpanSelector = []string{"9a517183f26a089d"}
	spanned, err := client.SelectMergeStacktraces(ctx, connect.NewRequest(spans))
	keep(asker, "span", spanned, err)
	traces := merge(selector, start, end)
	traces.TraceIdSelector = []string{"7c9e66797425440de944be07fc1f90ae"}
	traced, err := client.SelectMergeStacktraces(ctx, connect.NewRequest(traces))
	keep(asker, "trace", traced, err)
	deprecated, err := client.SelectMergeSpanProfile(ctx, connect.NewRequest(&querierv1.SelectMergeSpanProfileRequest{
		ProfileTypeID: profileType, LabelSelector: selector, Start: start, End: end,
		SpanSelector: []string{"9a517183f26a089d"},
	}))
	keep(asker, "span-profile", deprecated, err)
	forced := merge(selector, start, end)
	forced.Async = &querierv1.AsyncQueryRequest{Type: querierv1.AsyncQueryType_ASYNC_QUERY_TYPE_FORCE}
	refused, err := client.SelectMergeStacktraces(ctx, connect.NewRequest(forced))
	keep(asker, "async", refused, err)
	diff, err := client.Diff(ctx, connect.NewRequest(&querierv1.DiffRequest{
		Left: merge(selector, start, end), Right: merge(selector, start, end),
	}))
	keep(asker, "diff", diff, err)
	legacy, err := client.SelectMergeProfile(ctx, connect.NewRequest(&querierv1.SelectMergeProfileRequest{
		ProfileTypeID: profileType, LabelSelector: selector, Start: start, End: end,
	}))
	keep[googlev1.Profile](asker, "profile", legacy, err)
	top, err := client.SelectSeries(ctx, connect.NewRequest(&querierv1.SelectSeriesRequest{
		ProfileTypeID: profileType, LabelSelector: selector, Start: start, End: end,
		Step: float64(end-start) / 1000, GroupBy: []string{"service_name"},
		ExemplarType: typesv1.ExemplarType_EXEMPLAR_TYPE_INDIVIDUAL,
	}))
	keep(asker, "top", top, err)
	ofSpans, err := client.SelectSeries(ctx, connect.NewRequest(&querierv1.SelectSeriesRequest{
		ProfileTypeID: profileType, LabelSelector: selector, Start: start, End: end, Step: 15,
		ExemplarType: typesv1.ExemplarType_EXEMPLAR_TYPE_SPAN,
	}))
	keep(asker, "span-exemplars", ofSpans, err)
	heatmap, err := client.SelectHeatmap(ctx, connect.NewRequest(&querierv1.SelectHeatmapRequest{
		ProfileTypeID: profileType, LabelSelector: selector, Start: start, End: end, Step: 15,
		QueryType: querierv1.HeatmapQueryType_HEATMAP_QUERY_TYPE_INDIVIDUAL,
	}))
	keep(asker, "heatmap", heatmap, err)
}

func merge(selector string, start, end int64) *querierv1.SelectMergeStacktracesRequest {
	nodes := int64(16384)
	return &querierv1.SelectMergeStacktracesRequest{
		ProfileTypeID: profileType, LabelSelector: selector, Start: start, End: end, MaxNodes: &nodes,
	}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
