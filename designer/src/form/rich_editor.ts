/** The editor of rich texts. It can write exactly what the server keeps (`core/rich_text.py`). */

import { Editor } from "@tiptap/core";
import StarterKit from "@tiptap/starter-kit";

export interface RichEditor {
  readonly run: (action: string) => void;
  readonly link: (address: string | null) => void;
  readonly address: () => string;
  readonly show: (text: string) => void;
  readonly allow: (editable: boolean) => void;
  readonly focus: () => void;
}

export interface RichOptions {
  readonly label: string;
  readonly describedBy: string;
  readonly invalid: boolean;
  readonly required: boolean;
  readonly written: (text: string) => void;
  readonly left: () => void;
  /** Which actions stand where the cursor is. */
  readonly marked: (states: ReadonlySet<string>) => void;
}

type Command = (editor: Editor) => boolean;

const COMMANDS: Readonly<Record<string, Command>> = {
  bold: (editor) => editor.chain().focus().toggleBold().run(),
  italic: (editor) => editor.chain().focus().toggleItalic().run(),
  underline: (editor) => editor.chain().focus().toggleUnderline().run(),
  heading: (editor) => editor.chain().focus().toggleHeading({ level: 3 }).run(),
  bullets: (editor) => editor.chain().focus().toggleBulletList().run(),
  numbers: (editor) => editor.chain().focus().toggleOrderedList().run(),
  quote: (editor) => editor.chain().focus().toggleBlockquote().run(),
  clear: (editor) => editor.chain().focus().unsetAllMarks().clearNodes().run(),
};

const STATES: Readonly<Record<string, string>> = {
  bold: "bold",
  italic: "italic",
  underline: "underline",
  heading: "heading",
  bullets: "bulletList",
  numbers: "orderedList",
  quote: "blockquote",
  link: "link",
};

export function openEditor(place: HTMLElement, text: string, options: RichOptions): RichEditor {
  const attributes: Record<string, string> = {
    role: "textbox",
    "aria-multiline": "true",
    "aria-label": options.label,
    "aria-describedby": options.describedBy,
    ...(options.invalid ? { "aria-invalid": "true" } : {}),
    ...(options.required ? { "aria-required": "true" } : {}),
  };
  const mark = (editor: Editor): void => {
    const standing = Object.entries(STATES).filter(([, name]) => editor.isActive(name));
    options.marked(new Set(standing.map(([action]) => action)));
  };
  const editor = new Editor({
    element: place,
    // The policy of the page allows no style elements; ours are in the style sheet.
    injectCSS: false,
    content: text,
    editorProps: { attributes },
    extensions: [
      StarterKit.configure({
        heading: { levels: [2, 3, 4] },
        link: { openOnClick: false, protocols: ["http", "https", "mailto", "tel"] },
      }),
    ],
    onUpdate: ({ editor: changed }) => {
      options.written(changed.isEmpty ? "" : changed.getHTML());
    },
    onBlur: options.left,
    onSelectionUpdate: ({ editor: changed }) => {
      mark(changed);
    },
    onTransaction: ({ editor: changed }) => {
      mark(changed);
    },
  });
  return {
    run: (action) => COMMANDS[action]?.(editor),
    link: (address) => {
      if (address === null) return;
      const chain = editor.chain().focus().extendMarkRange("link");
      if (address.trim() === "") chain.unsetLink().run();
      else chain.setLink({ href: withScheme(address.trim()) }).run();
    },
    address: () => String(editor.getAttributes("link").href ?? ""),
    show: (shown) => editor.commands.setContent(shown, { emitUpdate: false }),
    allow: (editable) => {
      editor.setEditable(editable, false);
    },
    focus: () => editor.commands.focus(),
  };
}

/** An address as people type it, with the scheme that browsers ask for. */
export function withScheme(address: string): string {
  if (/^(https?:\/\/|mailto:|tel:)/i.test(address)) return address;
  return address.includes("@") ? `mailto:${address}` : `https://${address}`;
}
