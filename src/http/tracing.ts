import {
  context,
  defaultTextMapGetter,
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import type { Handler } from "./context.ts";

const propagator = new W3CTraceContextPropagator();

/**
 * A span for each request, a child of the one that `traceparent` names (W3C Trace Context), for whatever OpenTelemetry SDK the operator has
 * loaded (`node --import …`). Without one the id of the caller's trace still stands in the log.
 */
export function tracing(): Handler {
  const tracer = trace.getTracer("bailiwick");
  return (request, response, next) => {
    const { method, headers } = request;
    const parent =
      headers["traceparent"] === undefined
        ? ROOT_CONTEXT
        : propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
    const span = tracer.startSpan(method, { kind: SpanKind.SERVER }, parent);
    const spanContext = span.spanContext();
    if (isSpanContextValid(spanContext)) response.locals.traceId = spanContext.traceId;
    if (!span.isRecording()) {
      next();
      return;
    }
    response.once("close", () => {
      const { route } = response.locals;
      const { statusCode: status } = response;
      span.updateName(`${method} ${route}`);
      span.setAttributes({ "http.request.method": method, "http.route": route, "http.response.status_code": status });
      if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    });
    context.with(trace.setSpan(parent, span), next);
  };
}
