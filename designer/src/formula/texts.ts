/** Text as all engines see it: by code point, ASCII case only, one set of blanks. */

const BLANKS = " \t\n\r\u00a0\u3000";

export function characters(text: string): string[] {
  return Array.from(text);
}

/** Compare by code point (JavaScript's own `<` compares UTF-16 units). */
export function compareText(left: string, right: string): number {
  const first = characters(left);
  const second = characters(right);
  const shared = Math.min(first.length, second.length);
  for (let index = 0; index < shared; index += 1) {
    const difference = (first[index]?.codePointAt(0) ?? 0) - (second[index]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return first.length - second.length;
}

export function asciiLower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

export function asciiUpper(text: string): string {
  return text.replace(/[a-z]/g, (letter) => letter.toUpperCase());
}

export function trimmed(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && BLANKS.includes(text.charAt(start))) start += 1;
  while (end > start && BLANKS.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function halfWidth(text: string): string {
  return text
    .replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .replace(/\u3000/g, " ");
}

/** The form in which texts are compared: half-width, trimmed, upper case. */
export function normalForm(text: string): string {
  return asciiUpper(trimmed(halfWidth(text)));
}
