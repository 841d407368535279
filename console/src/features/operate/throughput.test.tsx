import { renderToStaticMarkup } from "react-dom/server";
import { expect, it } from "vitest";
import { Throughput } from "@/features/operate/throughput";

const hour = (...newest: number[]) => [...Array<number>(60 - newest.length).fill(0), ...newest];
const bars = (html: string, kind: string) => [...html.matchAll(new RegExp(`<rect class="bar-${kind}"[^>]* y="([\\d.]+)" height="([\\d.]+)"`, "g"))].map(([, y, height]) => [Number(y), Number(height)]);

it("draws a bar for each minute with an end, failures on top of what was done", () => {
  const html = renderToStaticMarkup(<Throughput succeeded={hour(2, 3)} failed={hour(0, 1)} />);
  expect(bars(html, "done")).toEqual([[45, 45], [22.5, 67.5]]);
  expect(bars(html, "failed")).toEqual([[0, 22.5]]);
});

it("has a name for those who do not see it, and the figures as a table", () => {
  const html = renderToStaticMarkup(<Throughput succeeded={hour(2)} failed={hour()} />);
  expect(html).toContain('role="img" aria-label="In the last hour 2 jobs were done');
  expect(html).toContain('<th scope="row" class="numeric">0–10</th><td class="numeric right">2</td><td class="numeric right">0</td>');
});

it("keeps its ground when nothing ended", () => {
  const html = renderToStaticMarkup(<Throughput succeeded={hour()} failed={hour()} />);
  expect([bars(html, "done"), bars(html, "failed")]).toEqual([[], []]);
  expect(html).toContain('class="ground"');
});
