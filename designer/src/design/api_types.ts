/** Written by tools/write_api_types.py from headrace/blueprints/api/shapes: change these, then run it. */

import type { Json, JsonObject } from "./model/json";

export interface AskedJson {
  readonly object: string;
  readonly by_index: boolean;
}

export interface AskingJson {
  readonly milliseconds: number;
  readonly text: string;
}

export interface AuthorJson {
  readonly id: string;
  readonly title: string | null;
}

export interface CalledJson {
  readonly name: string;
  readonly label: Readonly<Record<string, string>>;
}

export interface CandidateJson {
  readonly name: string;
  readonly label: string;
  readonly priority: number;
  readonly state: "runs" | "tag" | "no" | "unknown";
  readonly condition: JudgedJson | null;
}

export interface ChangesAnswer {
  readonly items: readonly DraftChangeJson[];
  readonly version: number;
  readonly present: readonly PresentJson[];
}

export interface CheckAnswer {
  readonly problems: readonly ProblemJson[];
}

export interface ChildCostJson {
  readonly relation: string;
  readonly object: string;
  readonly rows: number | null;
  readonly average: string | null;
  readonly text: string;
}

export interface ChoiceJson {
  readonly min: number;
  readonly max: number;
}

export interface ConflictJson {
  readonly key: string;
  readonly path: string;
  readonly kind: string;
  readonly name: string;
  readonly module: string;
  readonly sentence: string;
  readonly base?: Json;
  readonly ours?: Json;
  readonly theirs?: Json;
}

export interface CostAsked {
  readonly document: string;
  readonly time?: boolean;
}

export interface CostJson {
  readonly object: string;
  readonly label: string;
  readonly as_of: string;
  readonly version: number;
  readonly summary: string;
  readonly notes: readonly string[];
  readonly rows: RowsCostJson | null;
  readonly children: readonly ChildCostJson[];
  readonly indexes: readonly IndexJson[];
  readonly lists: readonly SlowListJson[];
  readonly save: SaveJson;
  readonly time: TimesJson | null;
  readonly asking: AskingJson;
}

export interface DecisionJson {
  readonly answer: string;
  readonly rows?: number;
  readonly value?: string;
  readonly map?: Readonly<Record<string, string | null>>;
}

export interface DefinitionsAnswer {
  readonly items: readonly JsonObject[];
}

export interface DifferenceJson {
  readonly action: "add" | "change" | "remove" | "rename" | "move";
  readonly kind: string;
  readonly id: string;
  readonly name: string;
  readonly module: string;
  readonly path: string;
  readonly before: Json;
  readonly after: Json;
  readonly text: string;
  readonly part?: DifferencePartJson;
}

export interface DifferencePartJson {
  readonly kind: string;
  readonly id: string;
  readonly name: string;
}

export interface DifferencesAnswer {
  readonly items: readonly DifferenceJson[];
}

export interface DocumentAnswer {
  readonly id: string;
  readonly version: number;
  readonly kind: string | null;
  readonly of?: string;
  readonly name: string | null;
  readonly module: string | null;
  readonly change: "add" | "change" | "delete" | null;
  readonly document: DocumentJson | null;
  readonly before: DocumentJson | null;
}

export interface DocumentAsked {
  readonly module: string;
  readonly content: JsonObject;
}

export interface DocumentJson {
  readonly module: string;
  readonly content: JsonObject;
}

export interface DocumentsAnswer {
  readonly items: readonly DraftDocumentJson[];
}

export interface DraftAnswer {
  readonly id: string;
  readonly name: string;
  readonly state: "open" | "published" | "discarded";
  readonly base: number;
  readonly version: number;
  readonly by: string | null;
  readonly created_at: string;
  readonly changed_at: string;
  readonly published: number | null;
  readonly documents: readonly DraftLineJson[];
}

export interface DraftAsked {
  readonly name: string;
}

export interface DraftChangeJson {
  readonly number: number;
  readonly at: string;
  readonly by: AuthorJson | null;
  readonly action: "create" | "put" | "delete" | "undo" | "rebase" | "publish" | "discard";
  readonly id: string | null;
  readonly before: DocumentJson | null;
  readonly after: DocumentJson | null;
}

export interface DraftDocumentJson {
  readonly id: string;
  readonly version: number;
  readonly kind: string | null;
  readonly of?: string;
  readonly name: string | null;
  readonly module: string | null;
  readonly change: "add" | "change" | "delete" | null;
  readonly document: DocumentJson | null;
}

export interface DraftJson {
  readonly id: string;
  readonly name: string;
  readonly state: "open" | "published" | "discarded";
  readonly base: number;
  readonly version: number;
  readonly by: string | null;
  readonly created_at: string;
  readonly changed_at: string;
  readonly published: number | null;
}

export interface DraftLineJson {
  readonly id: string;
  readonly version: number;
  readonly kind: string | null;
  readonly of?: string;
  readonly name: string | null;
  readonly module: string | null;
  readonly change: "add" | "change" | "delete" | null;
}

export interface DraftPlanAnswer {
  readonly version: number;
  readonly lines: readonly PlanLineJson[];
  readonly problems: readonly ProblemJson[];
  readonly prepared?: Readonly<Record<string, number>>;
  readonly scenarios?: readonly ScenarioResultJson[];
  readonly replays?: readonly WorkflowReplayJson[];
  readonly draft: DraftJson;
}

export interface DraftPlanAsked {
  readonly decisions?: Readonly<Record<string, DecisionJson>>;
  readonly resolutions?: Readonly<Record<string, "ours" | "theirs" | "delete" | ResolutionJson>>;
}

export interface DraftPublishAsked {
  readonly decisions?: Readonly<Record<string, DecisionJson>>;
  readonly resolutions?: Readonly<Record<string, "ours" | "theirs" | "delete" | ResolutionJson>>;
  readonly message?: string;
  readonly merge?: boolean;
}

export interface DraftPublishedAnswer {
  readonly version: number;
  readonly draft: DraftJson;
}

export interface DraftsAnswer {
  readonly items: readonly DraftJson[];
}

export interface FailingJson {
  readonly count: number;
  readonly first: readonly string[];
  readonly code: string;
  readonly groups?: number;
}

export interface FieldProposalJson {
  readonly index: number;
  readonly header: string;
  readonly keep: boolean;
  readonly name: string;
  readonly label: Readonly<Record<string, string>>;
  readonly type: string;
  readonly options: JsonObject;
  readonly required: boolean;
  readonly key: boolean;
  readonly samples: readonly string[];
  readonly filled: number;
  readonly distinct: number;
  readonly reasons: readonly ReasonJson[];
  readonly unread: readonly UnreadJson[];
  readonly unread_count: number;
}

export interface FormulaAsked {
  readonly object?: string;
  readonly formula: string;
  readonly condition?: boolean;
  readonly document?: string;
  readonly path?: readonly (string | number)[];
  readonly this?: string;
  readonly record?: string;
  readonly given?: Readonly<Record<string, string>>;
}

export interface FormulaJson {
  readonly state: "value" | "refused" | "unknown";
  readonly type: string | null;
  readonly value: Json;
  readonly parts: readonly FormulaPartJson[];
  readonly problems: readonly MistakeJson[];
  readonly reason: string;
  readonly record: SeenRecordJson | null;
  readonly samples: readonly SampleJson[];
}

export interface FormulaPartJson {
  readonly text: string;
  readonly label: string;
  readonly value: Json;
}

export interface FunctionJson {
  readonly name: string;
  readonly signature: string;
  readonly parameters: readonly ParameterJson[];
  readonly help: string;
  readonly examples: readonly string[];
  readonly engines: readonly string[];
}

export interface GroupJson {
  readonly name: string;
  readonly label: string;
}

export interface HeaderJson {
  readonly name: string;
  readonly label: string;
  readonly kind: string;
  readonly currency?: string;
  readonly by_currency?: boolean;
}

export interface ImportStartedAnswer {
  readonly import: string;
  readonly job: string;
  readonly left_out: readonly RowProblemJson[];
}

export interface IndexJson {
  readonly name: string;
  readonly fields: readonly string[];
  readonly label: string;
  readonly unique: boolean;
  readonly state: "there" | "added" | "dropped" | "missing" | "other";
  readonly purposes: readonly ("recent" | "unique" | "reference" | "title" | "sort" | "key" | "ledger" | "rollup" | "overlap" | "state" | "tree" | "links")[];
  readonly text: string;
}

export interface JudgedJson {
  readonly condition: string;
  readonly truth: "yes" | "no" | "empty" | "unknown";
  readonly values: JsonObject;
}

export interface KeptSpreadsheetJson {
  readonly id: string;
  readonly file: string;
  readonly state: "uploaded" | "drafted" | "published" | "imported";
  readonly created_at: string;
  readonly draft: string | null;
  readonly left_out: readonly RowProblemJson[];
  readonly import: string | null;
}

export interface KeyJson {
  readonly value: Json;
  readonly text: string;
}

export interface LimitsJson {
  readonly one: number;
  readonly together: number;
  readonly roles: number;
}

export interface LineJson {
  readonly keys: readonly KeyJson[];
  readonly cells: readonly (readonly Json[] | null)[];
  readonly total: readonly Json[];
}

export interface LinesAnswer {
  readonly items: readonly DraftLineJson[];
}

export interface MadeDocumentJson {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
}

export interface MistakeJson {
  readonly severity: "error" | "warning";
  readonly code: string;
  readonly path: string;
  readonly message: string;
  readonly hint: string;
  readonly span: readonly [number, number] | null;
  readonly instead: string | null;
}

export interface ModuleAnswer {
  readonly id: string;
  readonly documents: number;
  readonly told: readonly ProblemJson[];
}

export interface ModuleAsked {
  readonly module?: string;
  readonly template?: string;
  readonly name: string;
  readonly label: Readonly<Record<string, string>>;
  readonly objects?: Readonly<Record<string, string>>;
  readonly roles?: Readonly<Record<string, string>>;
}

export interface ModulesAsked {
  readonly message?: string;
  readonly decisions?: Readonly<Record<string, DecisionJson>>;
  readonly base?: number | null;
  readonly modules: Readonly<Record<string, readonly JsonObject[]>>;
}

export interface NameAnswer {
  readonly name: string;
}

export type NothingJson = Readonly<Record<string, never>>;

export interface PaletteAnswer {
  readonly groups: readonly GroupJson[];
  readonly field_types: readonly TileJson[];
  readonly functions: readonly FunctionJson[];
  readonly language: "en" | "zh";
}

export interface ParameterJson {
  readonly name: string;
  readonly kinds: readonly string[];
  readonly optional: boolean;
  readonly repeated: boolean;
  readonly choices: readonly string[];
}

export interface PathStepJson {
  readonly name: string;
  readonly label: string;
  readonly state: "asked" | "skipped" | "passed" | "kept" | "unknown";
  readonly people: readonly string[];
  readonly today: boolean;
  readonly people_unknown: boolean;
}

export interface PlanJson {
  readonly version: number;
  readonly lines: readonly PlanLineJson[];
  readonly problems: readonly ProblemJson[];
  readonly prepared?: Readonly<Record<string, number>>;
  readonly scenarios?: readonly ScenarioResultJson[];
  readonly replays?: readonly WorkflowReplayJson[];
}

export interface PlanLineJson {
  readonly key: string;
  readonly code: string;
  readonly text: string;
  readonly destructive: boolean;
  readonly rows?: number;
  readonly failing?: FailingJson;
  readonly answers?: readonly string[];
  readonly needs_answer?: boolean;
  readonly decision?: DecisionJson;
  readonly uses?: readonly UseJson[];
}

export interface PresenceAsked {
  readonly document?: string | null;
}

export interface PresentJson {
  readonly id: string;
  readonly title: string;
  readonly document: string | null;
}

export interface ProblemJson {
  readonly severity: "error" | "warning";
  readonly code: string;
  readonly path: string;
  readonly message: string;
  readonly hint: string;
}

export interface ProblemsAnswer {
  readonly problems: readonly ProblemJson[];
}

export interface ProposalJson {
  readonly file: string;
  readonly sheets: readonly SheetJson[];
  readonly sheet: string;
  readonly header: number;
  readonly rows: number;
  readonly left_out: readonly RowReasonJson[];
  readonly module: CalledJson;
  readonly object: CalledJson;
  readonly title: string | null;
  readonly fields: readonly FieldProposalJson[];
}

export interface PublishedAnswer {
  readonly version: number;
  readonly lines: readonly PlanLineJson[];
}

export interface ReasonJson {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

export interface RebaseAsked {
  readonly resolutions?: Readonly<Record<string, "ours" | "theirs" | "delete" | ResolutionJson>>;
}

export interface RecordingAnswer {
  readonly module: string;
  readonly content: JsonObject;
  readonly left_out: readonly string[];
  readonly problems: readonly ProblemJson[];
  readonly result: ScenarioResultJson | null;
}

export interface RecordingAsked {
  readonly object: string;
  readonly record: string;
  readonly name?: string;
}

export interface RenameAnswer {
  readonly problems: readonly ProblemJson[];
  readonly count: number;
  readonly places: readonly string[];
  readonly along: readonly string[];
  readonly documents: readonly RenamedDocumentJson[];
}

export interface RenameAsked {
  readonly document: string;
  readonly path: string;
  readonly name: string;
}

export interface RenamedDocumentJson {
  readonly id: string;
  readonly document: DocumentJson;
}

export interface ReplacementAsked {
  readonly module?: string | null;
  readonly content: JsonObject;
}

export interface ReplayAsked {
  readonly draft?: string;
  readonly version?: number;
  readonly workflow: string;
  readonly last?: number;
}

export interface ReplayJson {
  readonly workflow: string;
  readonly summary: ReplaySummaryJson;
  readonly runs: readonly ReplayedJson[];
}

export interface ReplaySummaryJson {
  readonly same: number;
  readonly different: number;
  readonly unknown: number;
  readonly runs: number;
  readonly days: number | null;
  readonly tasks: readonly TasksJson[];
  readonly never: readonly string[];
}

export interface ReplayedJson {
  readonly run: string;
  readonly record: RunRecordJson | null;
  readonly state: string;
  readonly transition: string;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly verdict: "same" | "different" | "unknown";
  readonly recorded: WayJson;
  readonly now: WayJson;
}

export interface ReportJson {
  readonly name: string;
  readonly title: string;
  readonly row_groups: readonly HeaderJson[];
  readonly column_groups: readonly HeaderJson[];
  readonly measures: readonly HeaderJson[];
  readonly columns: readonly (readonly KeyJson[])[];
  readonly rows: readonly LineJson[];
  readonly column_totals: readonly (readonly Json[] | null)[];
  readonly total: readonly Json[];
  readonly record_count: number;
  readonly groups_not_shown: number;
  readonly as_of: string;
  readonly chart: JsonObject | null;
}

export interface ResolutionJson {
  readonly answer: "ours" | "theirs" | "value" | "delete";
  readonly value?: Json;
}

export interface RoleTimeJson {
  readonly role: string;
  readonly label: string;
  readonly state: "measured" | "too_long" | "nobody" | "closed" | "busy" | "left_out";
  readonly people: number;
  readonly milliseconds: number | null;
  readonly rows: number | string | null;
  readonly reasons: readonly ("scope" | "condition" | "sort" | "filter")[];
  readonly text: string;
}

export interface RollbackAsked {
  readonly message?: string;
  readonly decisions?: Readonly<Record<string, DecisionJson>>;
  readonly base?: number | null;
  readonly version: number;
  readonly plan?: boolean;
}

export interface RowProblemJson {
  readonly severity: "error" | "warning";
  readonly code: string;
  readonly path: string;
  readonly message: string;
  readonly hint: string;
  readonly row: number;
}

export interface RowReasonJson {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly row: number;
}

export interface RowsCostJson {
  readonly live: number | null;
  readonly deleted: number;
  readonly exact: boolean;
  readonly text: string;
}

export interface RunRecordJson {
  readonly id: string;
  readonly title: string;
}

export interface SampleChoiceJson {
  readonly value: string;
  readonly label: string;
}

export interface SampleJson {
  readonly name: string;
  readonly label: string;
  readonly kind: "boolean" | "date" | "datetime" | "file" | "null" | "number" | "polymorphic" | "reference" | "references" | "rows" | "text";
  readonly object: string | null;
  readonly whole: boolean;
  readonly choices: readonly SampleChoiceJson[];
  readonly value: string;
  readonly title: string | null;
  readonly problem: string | null;
}

export interface SaveJson {
  readonly statements: number;
  readonly text: string;
  readonly steps: readonly SaveStepJson[];
}

export interface SaveStepJson {
  readonly kind: "default" | "formulas" | "rollup" | "transition";
  readonly object: string;
  readonly names: readonly string[];
  readonly anew: boolean;
  readonly asks: readonly AskedJson[];
  readonly text: string;
}

export interface ScenarioResultJson {
  readonly name: string;
  readonly module: string;
  readonly label: string;
  readonly result: "green" | "red";
  readonly milliseconds: number;
  readonly difference?: string;
  readonly path?: string;
  readonly step?: number;
}

export interface ScenariosAnswer {
  readonly items: readonly ScenarioResultJson[];
  readonly green: number;
  readonly red: number;
}

export interface ScenariosAsked {
  readonly draft?: string;
  readonly version?: number;
  readonly names?: readonly string[];
}

export interface SchemasAnswer {
  readonly language: "en" | "zh";
  readonly kinds: Readonly<Record<string, JsonObject>>;
}

export interface SeenRecordJson {
  readonly id: string | null;
  readonly title: string | null;
}

export interface SheetJson {
  readonly name: string;
  readonly rows: number;
}

export interface SimulateAsked {
  readonly draft?: string;
  readonly version?: number;
  readonly object: string;
  readonly record?: string;
  readonly transition: string;
  readonly values?: JsonObject;
  readonly submitter?: string;
}

export interface SimulatedStepJson {
  readonly name: string;
  readonly label: string;
  readonly mode: "one" | "any" | "all" | "sequence" | "ratio";
  readonly state: "asked" | "skipped" | "passed" | "nobody" | "unknown";
  readonly people: readonly string[];
  readonly fallback: boolean;
  readonly condition: JudgedJson | null;
  readonly sources: readonly SourceJson[];
  readonly due_at: string | null;
  readonly choice: ChoiceJson | null;
  readonly branch: string | null;
}

export interface SimulationJson {
  readonly from: string;
  readonly transition: string;
  readonly approval: string | null;
  readonly label: string;
  readonly tags: readonly string[];
  readonly steps: readonly SimulatedStepJson[];
  readonly candidates: readonly CandidateJson[];
  readonly guard: JudgedJson | null;
  readonly to: string;
  readonly submitter: string;
}

export interface SlowListJson {
  readonly view: string;
  readonly label: string;
  readonly sort: string | null;
  readonly filtered: boolean;
  readonly text: string;
}

export interface SourceJson {
  readonly reason: string;
  readonly people: readonly string[];
  readonly left_out?: readonly string[];
  readonly left_out_reason?: string;
}

export interface SpreadsheetAnswer {
  readonly id: string;
  readonly file: string;
  readonly state: "uploaded" | "drafted" | "published" | "imported";
  readonly created_at: string;
  readonly draft: string | null;
  readonly left_out: readonly RowProblemJson[];
  readonly import: string | null;
  readonly proposal: ProposalJson;
}

export interface SpreadsheetDraftAnswer {
  readonly draft: DraftJson;
  readonly documents: readonly MadeDocumentJson[];
}

export interface SpreadsheetDraftAsked {
  readonly draft?: string | null;
  readonly proposal: JsonObject;
}

export interface SpreadsheetsAnswer {
  readonly items: readonly KeptSpreadsheetJson[];
}

export interface TasksJson {
  readonly id: string;
  readonly name: string;
  readonly recorded: number;
  readonly now: number;
}

export interface TemplateJson {
  readonly name: string;
  readonly label: string;
  readonly contents: Readonly<Record<string, number>>;
  readonly objects: Readonly<Record<string, string>>;
  readonly roles: Readonly<Record<string, string>>;
}

export interface TemplatesAnswer {
  readonly items: readonly TemplateJson[];
}

export interface TileJson {
  readonly type: string;
  readonly label: string;
  readonly help: string;
  readonly icon: string;
  readonly group: string;
  readonly computed: boolean;
}

export interface TimesJson {
  readonly as_of: string;
  readonly slowest: string | null;
  readonly text: string;
  readonly limits: LimitsJson;
  readonly roles: readonly RoleTimeJson[];
}

export interface UndoAsked {
  readonly number: number;
}

export interface UninstallAsked {
  readonly message?: string;
  readonly decisions?: Readonly<Record<string, DecisionJson>>;
  readonly module: string;
  readonly data: "keep" | "drop";
  readonly plan?: boolean;
}

export interface UnreadJson {
  readonly row: number;
  readonly value: string;
}

export interface UntoldJson {
  readonly untold: string;
}

export interface UpgradePlanAnswer {
  readonly version: number;
  readonly lines: readonly PlanLineJson[];
  readonly problems: readonly ProblemJson[];
  readonly prepared?: Readonly<Record<string, number>>;
  readonly scenarios?: readonly ScenarioResultJson[];
  readonly replays?: readonly WorkflowReplayJson[];
  readonly conflicts: readonly ConflictJson[];
}

export interface UploadedAnswer {
  readonly id: string;
  readonly proposal: ProposalJson;
}

export interface UseJson {
  readonly used: UsedJson;
  readonly kind: string;
  readonly id: string;
  readonly name: string;
  readonly module: string;
  readonly path: string;
  readonly how: string;
  readonly disclosed: boolean;
  readonly text: string;
}

export interface UsedJson {
  readonly kind: string;
  readonly id: string;
  readonly name: string;
}

export interface UsesAnswer {
  readonly items: readonly UseJson[];
}

export interface VersionJson {
  readonly version: number;
  readonly live: boolean;
  readonly at: string;
  readonly by: string | null;
  readonly message: string;
  readonly fingerprint: string;
}

export interface VersionsAnswer {
  readonly items: readonly VersionJson[];
}

export interface WayJson {
  readonly approval: string | null;
  readonly unknown: boolean;
  readonly steps: readonly PathStepJson[];
}

export interface WorkflowReplayJson {
  readonly workflow: string;
  readonly summary: ReplaySummaryJson;
}

/** The calls of the API by method and path. */
export interface Calls {
  readonly "GET /metadata/schemas": {
    readonly asked: null;
    readonly answer: SchemasAnswer;
  };
  readonly "GET /metadata/palette": {
    readonly asked: null;
    readonly answer: PaletteAnswer;
  };
  readonly "GET /metadata/names": {
    readonly asked: null;
    readonly answer: NameAnswer;
  };
  readonly "GET /metadata/templates": {
    readonly asked: null;
    readonly answer: TemplatesAnswer;
  };
  readonly "GET /metadata/{kind}": {
    readonly asked: null;
    readonly answer: DefinitionsAnswer;
  };
  readonly "GET /metadata/where-used": {
    readonly asked: null;
    readonly answer: UsesAnswer;
  };
  readonly "GET /metadata/versions": {
    readonly asked: null;
    readonly answer: VersionsAnswer;
  };
  readonly "GET /metadata/versions/{number}": {
    readonly asked: null;
    readonly answer: VersionJson;
  };
  readonly "GET /metadata/diff": {
    readonly asked: null;
    readonly answer: DifferencesAnswer;
  };
  readonly "GET /metadata/local-changes": {
    readonly asked: null;
    readonly answer: DifferencesAnswer;
  };
  readonly "POST /metadata/check": {
    readonly asked: ModulesAsked;
    readonly answer: CheckAnswer;
  };
  readonly "POST /metadata/plan": {
    readonly asked: ModulesAsked;
    readonly answer: PlanJson;
  };
  readonly "POST /metadata/publish": {
    readonly asked: ModulesAsked;
    readonly answer: PublishedAnswer;
  };
  readonly "POST /metadata/upgrade/plan": {
    readonly asked: ModulesAsked;
    readonly answer: UpgradePlanAnswer;
  };
  readonly "POST /metadata/upgrade": {
    readonly asked: ModulesAsked;
    readonly answer: PublishedAnswer;
  };
  readonly "POST /metadata/rollback": {
    readonly asked: RollbackAsked;
    readonly answer: PublishedAnswer | PlanJson;
  };
  readonly "POST /metadata/uninstall": {
    readonly asked: UninstallAsked;
    readonly answer: PublishedAnswer | PlanJson;
  };
  readonly "POST /metadata/simulate": {
    readonly asked: SimulateAsked;
    readonly answer: SimulationJson;
  };
  readonly "POST /metadata/replay": {
    readonly asked: ReplayAsked;
    readonly answer: ReplayJson;
  };
  readonly "POST /metadata/scenarios/run": {
    readonly asked: ScenariosAsked;
    readonly answer: ScenariosAnswer;
  };
  readonly "POST /metadata/scenarios/record": {
    readonly asked: RecordingAsked;
    readonly answer: RecordingAnswer;
  };
  readonly "GET /metadata/spreadsheets": {
    readonly asked: null;
    readonly answer: SpreadsheetsAnswer;
  };
  readonly "POST /metadata/spreadsheets": {
    readonly asked: null;
    readonly answer: UploadedAnswer;
  };
  readonly "GET /metadata/spreadsheets/{id}": {
    readonly asked: null;
    readonly answer: SpreadsheetAnswer;
  };
  readonly "POST /metadata/spreadsheets/{id}/draft": {
    readonly asked: SpreadsheetDraftAsked;
    readonly answer: SpreadsheetDraftAnswer;
  };
  readonly "POST /metadata/spreadsheets/{id}/import": {
    readonly asked: null;
    readonly answer: ImportStartedAnswer;
  };
  readonly "GET /metadata/drafts": {
    readonly asked: null;
    readonly answer: DraftsAnswer;
  };
  readonly "POST /metadata/drafts": {
    readonly asked: DraftAsked;
    readonly answer: DraftJson;
  };
  readonly "GET /metadata/drafts/{draft}": {
    readonly asked: null;
    readonly answer: DraftAnswer;
  };
  readonly "DELETE /metadata/drafts/{draft}": {
    readonly asked: null;
    readonly answer: DraftJson;
  };
  readonly "GET /metadata/drafts/{draft}/documents": {
    readonly asked: null;
    readonly answer: DocumentsAnswer | LinesAnswer;
  };
  readonly "POST /metadata/drafts/{draft}/documents": {
    readonly asked: DocumentAsked;
    readonly answer: DraftDocumentJson;
  };
  readonly "GET /metadata/drafts/{draft}/documents/{id}": {
    readonly asked: null;
    readonly answer: DocumentAnswer;
  };
  readonly "PUT /metadata/drafts/{draft}/documents/{id}": {
    readonly asked: ReplacementAsked;
    readonly answer: DraftDocumentJson;
  };
  readonly "DELETE /metadata/drafts/{draft}/documents/{id}": {
    readonly asked: null;
    readonly answer: DraftDocumentJson;
  };
  readonly "GET /metadata/drafts/{draft}/changes": {
    readonly asked: null;
    readonly answer: ChangesAnswer;
  };
  readonly "POST /metadata/drafts/{draft}/presence": {
    readonly asked: PresenceAsked;
    readonly answer: NothingJson;
  };
  readonly "POST /metadata/drafts/{draft}/undo": {
    readonly asked: UndoAsked;
    readonly answer: DraftDocumentJson;
  };
  readonly "POST /metadata/drafts/{draft}/check": {
    readonly asked: NothingJson;
    readonly answer: ProblemsAnswer;
  };
  readonly "POST /metadata/drafts/{draft}/plan": {
    readonly asked: DraftPlanAsked;
    readonly answer: DraftPlanAnswer;
  };
  readonly "POST /metadata/drafts/{draft}/rebase": {
    readonly asked: RebaseAsked;
    readonly answer: DraftJson;
  };
  readonly "POST /metadata/drafts/{draft}/publish": {
    readonly asked: DraftPublishAsked;
    readonly answer: DraftPublishedAnswer;
  };
  readonly "POST /metadata/drafts/{draft}/rename": {
    readonly asked: RenameAsked;
    readonly answer: RenameAnswer;
  };
  readonly "POST /metadata/drafts/{draft}/modules": {
    readonly asked: ModuleAsked;
    readonly answer: ModuleAnswer;
  };
  readonly "POST /metadata/drafts/{draft}/formula": {
    readonly asked: FormulaAsked;
    readonly answer: FormulaJson;
  };
  readonly "POST /metadata/drafts/{draft}/cost": {
    readonly asked: CostAsked;
    readonly answer: CostJson | UntoldJson;
  };
  readonly "POST /metadata/drafts/{draft}/reports/{name}/run": {
    readonly asked: NothingJson;
    readonly answer: ReportJson;
  };
}
