"""What one pastes to send the first profile, for each language and tool.

Places to fill in are ``@URL@``, ``@USER@`` (any name will do), ``@TOKEN@`` and ``@TENANT@``. Lines with the second and
third are for servers that ask for a token, those with the last for servers that have several tenants and ask for none:
the page leaves out the others.
"""

from __future__ import annotations

from typing import NamedTuple


class Snippet(NamedTuple):
    """One way to send profiles."""

    name: str  #: short, for the address of the page
    title: str
    words: str  #: what it is and what it needs, in a sentence
    code: str


SNIPPETS = (
    Snippet(
        "python",
        "Python",
        "Samples the process it is in. pip install pyroscope-io",
        """import pyroscope

pyroscope.configure(
    application_name="my-service",
    server_address="@URL@",
    basic_auth_username="@USER@",
    basic_auth_password="@TOKEN@",
    http_headers={"X-Scope-OrgID": "@TENANT@"},
)
""",
    ),
    Snippet(
        "django",
        "Django",
        "Add phlareweb.agent to INSTALLED_APPS, pip install pyroscope-io. Views and tasks become labels.",
        """export PHLARE_AGENT_URL=@URL@
export PHLARE_AGENT_APPLICATION=my-service
export PHLARE_AGENT_TOKEN=@TOKEN@
export PHLARE_AGENT_TENANT=@TENANT@
gunicorn shop.wsgi
""",
    ),
    Snippet(
        "go",
        "Go",
        "go get github.com/grafana/pyroscope-go, and a file profiling.go beside main.go.",
        """package main

import "github.com/grafana/pyroscope-go"

func init() {
	pyroscope.Start(pyroscope.Config{
		ApplicationName: "my-service",
		ServerAddress:   "@URL@",
		BasicAuthUser:     "@USER@",
		BasicAuthPassword: "@TOKEN@",
		TenantID:          "@TENANT@",
	})
}
""",
    ),
    Snippet(
        "node",
        "Node",
        "npm install @pyroscope/nodejs",
        """const Pyroscope = require('@pyroscope/nodejs');

Pyroscope.init({
  appName: 'my-service',
  serverAddress: '@URL@',
  flushIntervalMs: 10000, // else the first profile comes after a minute
  basicAuthUser: '@USER@', basicAuthPassword: '@TOKEN@',
  tenantID: '@TENANT@',
});
Pyroscope.start();
""",
    ),
    Snippet(
        "java",
        "Java",
        "Download pyroscope.jar of pyroscope-java; the program stays as it is.",
        """export PYROSCOPE_APPLICATION_NAME=my-service
export PYROSCOPE_SERVER_ADDRESS=@URL@
export PYROSCOPE_FORMAT=jfr
export PYROSCOPE_BASIC_AUTH_USER=@USER@
export PYROSCOPE_BASIC_AUTH_PASSWORD=@TOKEN@
export PYROSCOPE_TENANT_ID=@TENANT@
java -javaagent:pyroscope.jar -jar app.jar
""",
    ),
    Snippet(
        "ruby",
        "Ruby",
        "gem install pyroscope",
        """require "pyroscope"

Pyroscope.configure do |config|
  config.application_name = "my-service"
  config.server_address = "@URL@"
  config.basic_auth_username = "@USER@"
  config.basic_auth_password = "@TOKEN@"
  config.tenant_id = "@TENANT@"
end
""",
    ),
    Snippet(
        "rust",
        "Rust",
        "cargo add pyroscope -F backend-pprof-rs, and this at the top of main.",
        """use pyroscope::backend::{pprof_backend, BackendConfig, PprofConfig};
use pyroscope::pyroscope::PyroscopeAgentBuilder;

let backend = pprof_backend(PprofConfig::default(), BackendConfig::default());
let _agent = PyroscopeAgentBuilder::new("@URL@", "my-service", 100, "pyroscope-rs", "2", backend)
    .basic_auth("@USER@", "@TOKEN@")
    .tenant_id("@TENANT@".to_string())
    .build()
    .unwrap()
    .start()
    .unwrap();
""",
    ),
    Snippet(
        "dotnet",
        ".NET",
        "Put the two libraries of pyroscope-dotnet beside the program.",
        """export CORECLR_ENABLE_PROFILING=1
export CORECLR_PROFILER={BD1A650D-AC5D-4896-B64F-D6FA25D6B26A}
export CORECLR_PROFILER_PATH=Pyroscope.Profiler.Native.so
export LD_PRELOAD=Pyroscope.Linux.ApiWrapper.x64.so
export PYROSCOPE_PROFILING_ENABLED=1
export PYROSCOPE_APPLICATION_NAME=my-service
export PYROSCOPE_SERVER_ADDRESS=@URL@
export PYROSCOPE_BASIC_AUTH_USER=@USER@
export PYROSCOPE_BASIC_AUTH_PASSWORD=@TOKEN@
export PYROSCOPE_TENANT_ID=@TENANT@
dotnet app.dll
""",
    ),
    Snippet(
        "otlp",
        "OpenTelemetry",
        "Exporter of a collector that receives profiles, over HTTP.",
        """exporters:
  otlphttp:
    profiles_endpoint: @URL@/v1development/profiles
    headers: { Authorization: "Bearer @TOKEN@" }
    headers: { X-Scope-OrgID: "@TENANT@" }
service:
  pipelines:
    profiles: { receivers: [otlp], exporters: [otlphttp] }
""",
    ),
    Snippet(
        "alloy",
        "Alloy",
        "Scrapes the pprof addresses of programs, or passes on what agents and eBPF give it.",
        """pyroscope.scrape "programs" {
  targets    = [{ "__address__" = "127.0.0.1:6060", "service_name" = "my-service" }]
  forward_to = [pyroscope.write.phlareweb.receiver]
}

pyroscope.write "phlareweb" {
  endpoint {
    url          = "@URL@"
    bearer_token = "@TOKEN@"
    headers      = { "X-Scope-OrgID" = "@TENANT@" }
  }
}
""",
    ),
    Snippet(
        "curl",
        "curl",
        "Any file of a profiler; its format is found out from its content. Here one that Python brings along.",
        """python3 -m cProfile -o app.pstats -m timeit
curl --data-binary @app.pstats \\
  -H "Authorization: Bearer @TOKEN@" \\
  -H "X-Scope-OrgID: @TENANT@" \\
  "@URL@/api/v1/upload?service_name=my-service"
""",
    ),
)


def filled(code: str, url: str, *, needs_token: bool, needs_tenant: bool) -> str:
    """Return a snippet with its address and the lines this server has a use for; token and tenant are still open."""
    kept = []
    for line in code.splitlines():
        is_for_token = "@USER@" in line or "@TOKEN@" in line
        if (is_for_token and not needs_token) or ("@TENANT@" in line and not needs_tenant):
            continue
        kept.append(line)
    return "\n".join(kept).replace("@URL@", url).replace("@USER@", "phlareweb")
