// Sends profiles through an exporter of the OpenTelemetry Collector, as the Collector itself runs it.
//
//	program grpc|http <endpoint> <tenant> <service> [broken]
//
// What the exporter logs goes to standard output. With "broken" a second profile refers to a stack that is not there.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/exporter/xexporter"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pprofile"
	"go.uber.org/zap"
)

// dictionary appends to the tables that all profiles share.
type dictionary struct{ pprofile.ProfilesDictionary }

func (d dictionary) text(value string) int32 {
	d.StringTable().Append(value)
	return int32(d.StringTable().Len() - 1)
}

func (d dictionary) location(name string) int32 {
	function := d.FunctionTable().AppendEmpty()
	function.SetNameStrindex(d.text(name))
	location := d.LocationTable().AppendEmpty()
	location.SetMappingIndex(1)
	location.Lines().AppendEmpty().SetFunctionIndex(int32(d.FunctionTable().Len() - 1))
	return int32(d.LocationTable().Len() - 1)
}

func (d dictionary) stack(locations ...int32) int32 {
	d.StackTable().AppendEmpty().LocationIndices().Append(locations...)
	return int32(d.StackTable().Len() - 1)
}

func (d dictionary) attribute(key, value string) int32 {
	attribute := d.AttributeTable().AppendEmpty()
	attribute.SetKeyStrindex(d.text(key))
	attribute.Value().SetStr(value)
	return int32(d.AttributeTable().Len() - 1)
}

func (d dictionary) setType(kind pprofile.ValueType, name, unit string) {
	kind.SetTypeStrindex(d.text(name))
	kind.SetUnitStrindex(d.text(unit))
}

func profiles(service string, broken bool) pprofile.Profiles {
	made := pprofile.NewProfiles()
	d := dictionary{made.Dictionary()}
	d.StringTable().Append("")
	d.MappingTable().AppendEmpty()
	d.LocationTable().AppendEmpty()
	d.FunctionTable().AppendEmpty()
	d.LinkTable().AppendEmpty()
	d.AttributeTable().AppendEmpty()
	d.StackTable().AppendEmpty()
	d.MappingTable().AppendEmpty().SetFilenameStrindex(d.text("shop"))

	resource := made.ResourceProfiles().AppendEmpty()
	resource.Resource().Attributes().PutStr("service.name", service)
	resource.Resource().Attributes().PutStr("region", "eu-west")
	scope := resource.ScopeProfiles().AppendEmpty()
	now := time.Now()
	thread, idle := d.attribute("thread.name", "worker"), d.attribute("thread.name", "idle")
	checkout := d.stack(d.location("price"), d.location("checkout"))
	wait := d.stack(d.location("wait"), d.location("checkout"))
	link := d.LinkTable().AppendEmpty()
	link.SetTraceID(pcommon.TraceID{1, 2, 3})
	link.SetSpanID(pcommon.SpanID{4, 5, 6})

	// As the eBPF profiler takes them: a time for each time a stack was seen.
	cpu := scope.Profiles().AppendEmpty()
	d.setType(cpu.SampleType(), "samples", "count")
	d.setType(cpu.PeriodType(), "cpu", "nanoseconds")
	cpu.SetPeriod(50_000_000)
	sample := cpu.Samples().AppendEmpty()
	sample.SetStackIndex(checkout)
	sample.SetLinkIndex(1)
	sample.AttributeIndices().Append(thread)
	for tick := range 4 {
		sample.TimestampsUnixNano().Append(uint64(now.Add(time.Duration(tick) * time.Second).UnixNano()))
	}

	off := scope.Profiles().AppendEmpty()
	d.setType(off.SampleType(), "off_cpu", "nanoseconds")
	for _, attribute := range []int32{thread, idle} {
		sample := off.Samples().AppendEmpty()
		sample.SetStackIndex(wait)
		sample.AttributeIndices().Append(attribute)
		sample.Values().Append(300, 4)
	}

	events := scope.Profiles().AppendEmpty()
	d.setType(events.SampleType(), "events", "count")
	sample = events.Samples().AppendEmpty()
	sample.SetStackIndex(wait)
	sample.Values().Append(7)
	if broken {
		sample.SetStackIndex(99)
	}
	for _, profile := range scope.Profiles().All() {
		profile.SetTime(pcommon.NewTimestampFromTime(now))
		profile.SetDurationNano(5_000_000_000)
	}
	return made
}

func run(transport, endpoint, tenant, service string, broken bool) error {
	factory, settings := exporter.Factory(otlpexporter.NewFactory()), map[string]any{"tls": map[string]any{"insecure": true}}
	if transport == "http" {
		factory, settings = otlphttpexporter.NewFactory(), map[string]any{}
	}
	settings["endpoint"] = endpoint
	settings["headers"] = map[string]any{"x-scope-orgid": tenant}
	settings["retry_on_failure"] = map[string]any{"enabled": false}
	settings["sending_queue"] = map[string]any{"enabled": false}
	config := factory.CreateDefaultConfig()
	if err := confmap.NewFromStringMap(settings).Unmarshal(config); err != nil {
		return err
	}
	with := exportertest.NewNopSettings(factory.Type())
	with.Logger = zap.NewExample()
	ctx := context.Background()
	sender, err := factory.(xexporter.Factory).CreateProfiles(ctx, with, config)
	if err != nil {
		return err
	}
	if err := sender.Start(ctx, componenttest.NewNopHost()); err != nil {
		return err
	}
	defer sender.Shutdown(ctx)
	return sender.ConsumeProfiles(ctx, profiles(service, broken))
}

func main() {
	broken := len(os.Args) > 5 && os.Args[5] == "broken"
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4], broken); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
