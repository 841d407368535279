import { describe, expect, it } from "vitest";
import { apiRoot, trimBase } from "@/shared/api/base";

describe("trimBase", () => {
  it.each([
    ["/", ""],
    ["", ""],
    [null, ""],
    ["/sub/", "/sub"],
    ["//a/b//", "/a/b"],
  ])("makes %j %j", (given, expected) => {
    expect(trimBase(given)).toBe(expected);
  });
});

describe("apiRoot", () => {
  const web = "https://console.example.org/ui";
  const api = "https://api.example.org";
  it.each([
    ["is beside the page when no other is named", web, "", "https://console.example.org", "/ui"],
    ["is the one that is named", web, api, "https://console.example.org", api],
    ["is the one that is named when the page's own address is not", "", api, "http://127.0.0.1:3000", api],
    ["is beside the page that is opened at another address", web, api, "http://127.0.0.1:5001", "/ui"],
  ])("%s", (_title, console, named, origin, expected) => {
    expect(apiRoot("/ui", console, named, origin)).toBe(expected);
  });
});
