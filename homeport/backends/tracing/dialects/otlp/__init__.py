"""Services that take OpenTelemetry spans: OTLP over HTTP, with the attributes of OpenInference."""
