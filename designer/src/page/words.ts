/** The words of the interface in the page's language, sent with the page. */

import { data } from "./dom";

let words: Readonly<Record<string, string>> | null = null;

/** Return a text with its `{name}` places filled. */
export function word(key: string, values: Readonly<Record<string, string>> = {}): string {
  words ??= (data("words") as Record<string, string> | null) ?? {};
  let text = words[key] ?? key;
  for (const [name, value] of Object.entries(values)) text = text.replaceAll(`{${name}}`, value);
  return text;
}

export function language(): "zh" | "en" {
  return document.documentElement.lang.startsWith("zh") ? "zh" : "en";
}
