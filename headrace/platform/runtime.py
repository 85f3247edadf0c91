"""Builds the platform of a process from its settings: the one place where parts are wired."""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from headrace.platform.access.identity import Identity, fill_keys_of_names
from headrace.platform.access.principals import SYSTEM_PRINCIPAL, Principal
from headrace.platform.access.stamps import stamp_query
from headrace.platform.actions import built_in as built_in_actions
from headrace.platform.actions.base import Services
from headrace.platform.automation.buttons import Buttons
from headrace.platform.automation.engine import AUTOMATION, Automations
from headrace.platform.automation.runs import forget_old_runs
from headrace.platform.automation.timing import RECORD_TIMER, SCHEDULE, Timing
from headrace.platform.automation.webhooks import WEBHOOK, Webhooks, forget_old_deliveries
from headrace.platform.core.clock import Clock, RealClock
from headrace.platform.core.errors import (
    DeadlockError,
    ForbiddenError,
    NewerCatalogError,
    NotFoundError,
    RefusedError,
    StalePrincipalError,
    UnavailableError,
)
from headrace.platform.core.ids import IdSource, RandomIds
from headrace.platform.core.problems import Language
from headrace.platform.core.registry import RegistryError
from headrace.platform.database.engine import BUSY, Database, is_busy
from headrace.platform.database.installing import create_system_tables, renew_system_tables
from headrace.platform.database.opening import open_initialised
from headrace.platform.database.unit_of_work import THE_PLATFORM, Actor, Through, UnitOfWork
from headrace.platform.exchange import tables as exchange_tables
from headrace.platform.exchange.batches import forget_old_imports
from headrace.platform.exchange.bulk_changes import forget_old_changes
from headrace.platform.exchange.bulk_jobs import BULK_CHANGE, BulkChanges
from headrace.platform.exchange.import_jobs import IMPORT, Imports
from headrace.platform.exchange.importing import Importer
from headrace.platform.files.scanning import Clamd, refuse_trial_text
from headrace.platform.files.store import FileStore, forget_waiting
from headrace.platform.job_kinds import make_queue
from headrace.platform.jobs.broker_opening import open_broker
from headrace.platform.jobs.long_jobs import Course
from headrace.platform.jobs.notifications import NOTIFY, Notifications
from headrace.platform.jobs.outbox import Job, Outbox
from headrace.platform.jobs.queue import Queue
from headrace.platform.jobs.relay import Relay
from headrace.platform.jobs.worker import JobHandler, Worker, sweep
from headrace.platform.mailing.sending import DIGEST, MAIL, Mailing
from headrace.platform.mailing.server import MailServer
from headrace.platform.metadata.field_types import FieldTypes, built_in
from headrace.platform.publishing import tables as publishing_tables
from headrace.platform.publishing.catalogs import CatalogStore, Published
from headrace.platform.publishing.costing import Costs
from headrace.platform.publishing.draft_attendance import Attendance
from headrace.platform.publishing.draft_publishing import DraftPublisher
from headrace.platform.publishing.drafts import Drafts
from headrace.platform.publishing.publish_jobs import PUBLISH, PublishJobs
from headrace.platform.publishing.publisher import Publisher
from headrace.platform.publishing.samples import Samples
from headrace.platform.publishing.spreadsheets import Spreadsheets, forget_old_spreadsheets
from headrace.platform.publishing.starting import Beginnings
from headrace.platform.publishing.sweeping import Sweeper
from headrace.platform.publishing.transfer import Transfer
from headrace.platform.publishing.trying import Trials
from headrace.platform.publishing.uninstalling import Uninstaller
from headrace.platform.publishing.upgrading import Upgrader
from headrace.platform.publishing.versions import Versions
from headrace.platform.publishing.workspace import (
    TIME_ZONE,
    clock_of,
    read_setting,
    write_setting,
    zone_of,
)
from headrace.platform.records import tables as records_tables
from headrace.platform.records.context import CompiledParts, Context
from headrace.platform.records.file_sweeping import FileSweeper
from headrace.platform.records.idempotency import forget_old
from headrace.platform.records.store import RecordStore
from headrace.platform.scenarios.recording import Recorder
from headrace.platform.scenarios.running import Scenarios
from headrace.platform.workflow import tables as workflow_tables
from headrace.platform.workflow.access import (
    refuse_change_in_approval,
    renew_tasks,
    task_access,
)
from headrace.platform.workflow.approvals import Approvals
from headrace.platform.workflow.bulk import fire_many
from headrace.platform.workflow.changes import changed_since
from headrace.platform.workflow.delegations import Delegations
from headrace.platform.workflow.engine import WorkflowEngine
from headrace.platform.workflow.file_sweeping import sweep_decision_files
from headrace.platform.workflow.leaving import Leavings
from headrace.platform.workflow.moving import MovingRuns
from headrace.platform.workflow.reopening import Reopening
from headrace.platform.workflow.repairing import Repairs
from headrace.platform.workflow.task_links import TaskLinks
from headrace.platform.workflow.tasks import Tasks
from headrace.platform.workflow.timers import Timers
from headrace.platform.workflow.timing import TIMER
from headrace.platform.workflow.urging import Urging
from headrace.settings import Settings

SYSTEM_TABLES: Final = (exchange_tables, publishing_tables, records_tables, workflow_tables)
"""Modules that declare system tables and that nothing else here imports."""

T = TypeVar("T")
ATTEMPTS: Final = 5
GIVING_WAY: Final = 6
"""Times that a writer begins where it has to give way to others; nothing of the former ones stays."""
SIDE_BY_SIDE: Final = 4
"""How many of them beside others; then it asks for a moment in which nobody else writes."""
LONGEST_PAUSE: Final = 0.05
"""Seconds between two of them, at most."""
EXTENSIONS: Final = "headrace.extensions"

PrincipalSource = Callable[[Published, bool], Principal]
"""Gives the caller for a version; the flag asks for a principal that was not kept."""


@dataclass(frozen=True)
class Platform:
    """The parts of a process. Frozen: what changes lives in the database."""

    settings: Settings
    database: Database
    catalogs: CatalogStore
    identity: Identity
    store: RecordStore
    publisher: Publisher
    versions: Versions
    drafts: Drafts
    attendance: Attendance
    draft_publisher: DraftPublisher
    upgrader: Upgrader
    samples: Samples
    transfer: Transfer
    uninstaller: Uninstaller
    trials: Trials
    costs: Costs
    scenarios: Scenarios
    recorder: Recorder
    sweeper: Sweeper
    publish_jobs: PublishJobs
    imports: Imports
    spreadsheets: Spreadsheets
    beginnings: Beginnings
    bulk_changes: BulkChanges
    files: FileStore
    outbox: Outbox
    queue: Queue
    notifications: Notifications
    mailing: Mailing
    task_links: TaskLinks
    approvals: Approvals
    repairs: Repairs
    leavings: Leavings
    automations: Automations
    buttons: Buttons
    timing: Timing
    webhooks: Webhooks
    delegations: Delegations
    urging: Urging
    workflow: WorkflowEngine
    tasks: Tasks
    timers: Timers
    clock: Clock
    zone: ZoneInfo
    ids: IdSource
    compiled: CompiledParts
    handlers: Mapping[str, JobHandler]
    real_clock: Clock = field(default_factory=RealClock)

    # -- use cases for callers ------------------------------------------------------------

    def perform_for_token(
        self, token: str, action: Callable[[Context], T], language: Language | None = None
    ) -> T:
        """Run a reading use case for the holder of an API token."""
        return self._with_context(self._by_token(token), action, language)

    def perform_for_session(
        self, cookie: str, action: Callable[[Context], T], language: Language | None = None
    ) -> T:
        """Run a reading use case for the holder of a session."""
        return self._with_context(self._by_session(cookie), action, language)

    def write_for_token(
        self,
        token: str,
        action: Callable[[Context, UnitOfWork], T],
        language: Language | None = None,
    ) -> T:
        """Run a writing use case for the holder of an API token, in one unit of work."""
        return self._write(self._by_token(token), action, language, _through("api"))

    def write_for_session(
        self,
        cookie: str,
        action: Callable[[Context, UnitOfWork], T],
        language: Language | None = None,
    ) -> T:
        """Run a writing use case for the holder of a session, in one unit of work."""
        return self._write(self._by_session(cookie), action, language, _through("screen"))

    def perform_as_system(self, action: Callable[[Context], T]) -> T:
        """Run a reading use case for the platform itself."""
        return self._with_context(_the_system, action, None)

    def write_as_system(
        self, action: Callable[[Context, UnitOfWork], T], actor: Actor = THE_PLATFORM
    ) -> T:
        """Run a writing use case with the platform's rights, in one unit of work of `actor`."""
        return self._write(_the_system, action, None, lambda _: actor)

    def read_as(self, user_id: str | None, action: Callable[[Context], T]) -> T:
        """Run a reading use case for a user who need not be there; None is the platform itself."""
        return self._with_context(self._by_user(user_id), action, None)

    def write_as(self, user_id: str | None, action: Callable[[Context, UnitOfWork], T]) -> T:
        """Run a writing use case like `read_as`, in one unit of work."""
        actor = Actor(user_id, "system")
        return self._write(self._by_user(user_id), action, None, lambda _: actor)

    def write_by_mail(self, user_id: str, action: Callable[[Context, UnitOfWork], T]) -> T:
        """Run a writing use case for a user who holds a link in mail."""
        return self._write(self._by_user(user_id), action, None, _through("mail"))

    def confirm(self, context: Context) -> None:
        """Raise where catalog or principal of `context` are no longer live.

        For answers that no statement over rows goes into: those carry the comparison themselves.
        """
        if self.database.live_version() != context.catalog.version:
            raise NewerCatalogError
        self.identity.confirm(context.principal)

    # -- parts ----------------------------------------------------------------------------

    def context_of(
        self,
        published: Published,
        principal: Principal = SYSTEM_PRINCIPAL,
        language: Language | None = None,
    ) -> Context:
        """Return the context of one use case."""
        return Context(
            database=self.database,
            catalog=published.catalog,
            tables=published.tables,
            principal=principal,
            clock=self.clock,
            zone=self.zone,
            language=language or principal.language,
            ids=self.ids,
            compiled=self.compiled,
            real_clock=self.real_clock,
            task_access=task_access,
        )

    def worker(self) -> Worker:
        """Return a worker over this platform's jobs."""
        return Worker(
            self.database,
            self.outbox,
            self.handlers,
            self.clock,
            self.real_clock,
            chores=(
                *(sweep, forget_old, forget_old_imports, forget_old_changes, forget_waiting),
                *(forget_old_runs, forget_old_deliveries, forget_old_spreadsheets),
            ),
            rounds=(
                self.publisher.leftovers.remove_abandoned,
                self.sweeper.sweep,
                self.uninstaller.retire_users,
                FileSweeper(self.database).sweep,
                lambda: sweep_decision_files(self.database),
                lambda: self.timing.renew(self),
            ),
            pulses=(
                lambda: self.timing.look(self),
                lambda: self.webhooks.watch(self.database, self),
            ),
            long_handlers={
                PUBLISH: self.publish_jobs.run,
                IMPORT: self._import,
                BULK_CHANGE: self._change_in_bulk,
            },
            own_handlers={
                AUTOMATION: self._automate,
                TIMER: self._ring,
                SCHEDULE: lambda job, course: self.timing.fire_schedule(job, course, self),
                RECORD_TIMER: lambda job, course: self.timing.fire_timer(job, course, self),
            },
            apart_handlers={
                WEBHOOK: lambda job, course: self.webhooks.run(job, course, self),
                MAIL: self.mailing.send,
                DIGEST: self.mailing.send,
            },
            burials=self.queue.burials,
        )

    def work_beside(self) -> Callable[[], None]:
        """Do jobs in threads of this process, or hand them over to the broker; return what ends it."""
        if not self.settings.broker_url:
            return self.worker().start()
        return Relay(self.worker(), open_broker(self.settings.broker_url)).start()

    def _import(self, job: Job, course: Course) -> None:
        self.imports.run(job, course, self)

    def _change_in_bulk(self, job: Job, course: Course) -> None:
        self.bulk_changes.run(job, course, self)

    def _automate(self, job: Job, course: Course) -> None:
        self.automations.run(job, course, self)

    def _ring(self, job: Job, course: Course) -> None:
        def ring(context: Context, work: UnitOfWork) -> None:
            course.close(work)
            self.timers.ring(context, work, job.payload)

        self.write_as_system(ring)

    def close(self) -> None:
        """Close all connections."""
        self.database.dispose()

    def _by_token(self, token: str) -> PrincipalSource:
        def find(published: Published, fresh: bool) -> Principal:  # noqa: FBT001 - fixed by PrincipalSource
            return self.identity.principal_of_token(token, published.catalog, fresh=fresh)

        return find

    def _by_session(self, cookie: str) -> PrincipalSource:
        def find(published: Published, fresh: bool) -> Principal:  # noqa: FBT001 - fixed by PrincipalSource
            return self.identity.principal_of_session(cookie, published.catalog, fresh=fresh)

        return find

    def _by_user(self, user_id: str | None) -> PrincipalSource:
        if user_id is None:
            return _the_system

        def find(published: Published, fresh: bool) -> Principal:  # noqa: ARG001, FBT001 - fixed by PrincipalSource
            return self.identity.principal_of_user(user_id, published.catalog)

        return find

    def _write(
        self,
        source: PrincipalSource,
        action: Callable[[Context, UnitOfWork], T],
        language: Language | None,
        actor_of: Callable[[Principal], Actor],
    ) -> T:
        def write(context: Context) -> T:
            principal = context.principal
            stamp = stamp_query(principal, self.real_clock.now())
            version, actor = context.catalog.version, actor_of(principal)
            for attempt in range(GIVING_WAY):
                alone = attempt >= SIDE_BY_SIDE
                try:
                    with self.database.writing(version, stamp, actor, alone=alone) as work:
                        return action(context, work)
                except UnavailableError as error:
                    again = isinstance(error, DeadlockError) or (alone and is_busy(error))
                    if not again or attempt + 1 == GIVING_WAY:
                        raise
                    # Those who met should not meet again at once, and the less the oftener they met.
                    time.sleep(random.uniform(0, LONGEST_PAUSE * (attempt + 1)))  # noqa: S311 - no secret
            raise AssertionError("a write ends or raises")

        return self._with_context(source, write, language)

    def _with_context(
        self, source: PrincipalSource, action: Callable[[Context], T], language: Language | None
    ) -> T:
        """Run `action`; start again with newer catalog or principal where it says it must."""
        fresh = False
        for _ in range(ATTEMPTS):
            published = self.catalogs.current()
            try:
                principal = source(published, fresh)
                return self._live_answer(self.context_of(published, principal, language), action)
            except NewerCatalogError:
                self.catalogs.refresh()
            except StalePrincipalError:
                fresh = True
        raise UnavailableError(BUSY.at())

    def _live_answer(self, context: Context, action: Callable[[Context], T]) -> T:
        """Run `action`; a refusal counts only where catalog and principal are live.

        What is refused by its name (a field, a report) is refused before any statement runs that
        would notice a newer version.
        """
        try:
            return action(context)
        except (RefusedError, ForbiddenError, NotFoundError):
            self.confirm(context)
            raise


def _through(door: Through) -> Callable[[Principal], Actor]:
    """Return what makes the actor of a principal that came through a door."""
    return lambda principal: Actor(principal.user_id, door)


def _the_system(_: Published, fresh: bool) -> Principal:  # noqa: ARG001, FBT001 - fixed by PrincipalSource
    return SYSTEM_PRINCIPAL


def initialise(database: Database, zone: ZoneInfo, actor: Actor = THE_PLATFORM) -> None:
    """Make the system tables that are missing, the platform's own user, the workspace's zone."""
    create_system_tables(database)
    with database.writing(None, actor=actor) as work:
        Identity(database, RandomIds()).ensure_system_user(work)
        if read_setting(work.connection, TIME_ZONE) is None:
            write_setting(work, TIME_ZONE, zone.key)


@functools.cache
def field_types() -> FieldTypes:
    """Return the field types that ship with Headrace and those of installed extensions.

    They are looked up once: what is installed does not change while a process runs.

    An extension is a package with an entry point in the group `headrace.extensions` that names a
    module with `TYPES`, like the modules of `metadata/field_types`. One that cannot be loaded, or
    takes a name that is there already, stops the start with its name.
    """
    types = built_in()
    for point in sorted(entry_points(group=EXTENSIONS), key=lambda one: one.name):
        try:
            types = types.extended(point.load().TYPES)
        except (ImportError, AttributeError, RegistryError) as error:
            message = f"the extension {point.name!r} cannot be used: {error}"
            raise RegistryError(message) from error
    return types


def build(settings: Settings) -> Platform:
    """Build the platform over the initialised database of `settings`."""
    database = open_initialised(settings.database_url)
    renew_system_tables(database)
    fill_keys_of_names(database)
    return assemble(settings, database, field_types(), RandomIds())


def assemble(settings: Settings, database: Database, types: FieldTypes, ids: IdSource) -> Platform:
    """Wire the parts over an open, initialised database."""
    real_clock = RealClock()
    with database.reading() as reading:
        clock = clock_of(reading.connection, real_clock)
        zone = zone_of(reading.connection, settings.time_zone)
    catalogs = CatalogStore(database, types)
    identity = Identity(database, ids, real_clock)
    store = RecordStore()
    files = FileStore(database, zone)
    files.before_keep.plug(refuse_trial_text)
    if settings.scanner:
        files.before_keep.plug(Clamd(settings.scanner))
    outbox = Outbox(clock, ids)
    notifications = Notifications(database, outbox, clock, ids)
    server = MailServer.of(settings.smtp_url, settings.mail_from)
    mailing = Mailing(database, outbox, clock, real_clock, server, settings.base_url)
    notifications.after_write.plug(mailing.take)
    task_links = TaskLinks(
        database, real_clock, settings.secret_key, settings.link_hours, settings.base_url
    )
    mailing.link_of = task_links.address_for
    approvals = Approvals(store, notifications)
    store.before_save.plug(refuse_change_in_approval)
    store.after_save.plug(renew_tasks)
    store.after_write.plug(Reopening(store, notifications).after)
    workflow = WorkflowEngine(store, approvals)
    webhooks = Webhooks(outbox, real_clock, settings.webhook_hosts, base_url=settings.base_url)
    services = Services(store, notifications, workflow, webhooks, identity.principal_of_user)
    automations = Automations(services, built_in_actions(), outbox, clock)
    buttons = Buttons(store, automations, changed_since)
    store.before_write.plug(automations.before)
    store.after_write.plug(automations.after)
    timing = Timing(database, outbox, automations)
    store.after_write.plug(timing.move)
    compiled = CompiledParts()

    def system_context(published: Published) -> Context:
        return Context(
            database=database,
            catalog=published.catalog,
            tables=published.tables,
            principal=SYSTEM_PRINCIPAL,
            clock=clock,
            zone=zone,
            language="en",
            ids=ids,
            compiled=CompiledParts(),
            real_clock=real_clock,
            task_access=task_access,
        )

    def release_tasks(work: UnitOfWork, user_id: str) -> None:
        published = catalogs.current()
        if published.catalog.version != work.version:
            published = catalogs.refresh()
        approvals.release(system_context(published), work, user_id)

    identity.rights_changed.plug(release_tasks)
    repairs = Repairs(store, notifications)
    runs = MovingRuns(store, notifications, approvals)
    publisher = Publisher(
        database, catalogs, store, ids, system_context, runs, real_clock, settings.prepared_from
    )
    scenarios = Scenarios(functools.partial(_scratch, settings, types), types, zone)
    publisher.scenarios = scenarios.run
    drafts = Drafts(database, catalogs, ids)
    imports = Imports(database, Importer(store, settings.import_rows), outbox, ids)
    upgrader = Upgrader(database, catalogs, publisher, ids)
    uninstaller = Uninstaller(database, catalogs, publisher, identity)
    draft_publisher = DraftPublisher(database, catalogs, drafts, publisher)

    return Platform(
        settings=settings,
        database=database,
        catalogs=catalogs,
        identity=identity,
        store=store,
        publisher=publisher,
        versions=Versions(catalogs, identity),
        drafts=drafts,
        attendance=Attendance(database, real_clock),
        draft_publisher=draft_publisher,
        publish_jobs=PublishJobs(
            database, catalogs, publisher, drafts, draft_publisher, upgrader, uninstaller, outbox
        ),
        bulk_changes=BulkChanges(
            database,
            store,
            functools.partial(fire_many, workflow),
            buttons,
            outbox,
            ids,
            settings.import_rows,
        ),
        imports=imports,
        spreadsheets=Spreadsheets(drafts, imports, ids),
        beginnings=Beginnings(catalogs, drafts, draft_publisher, ids),
        files=files,
        upgrader=upgrader,
        samples=Samples(store, identity, workflow),
        transfer=Transfer(store, identity, workflow, files),
        uninstaller=uninstaller,
        trials=Trials(database, catalogs, drafts, draft_publisher, identity),
        costs=Costs(database, drafts, draft_publisher, identity),
        scenarios=scenarios,
        recorder=Recorder(identity, workflow),
        sweeper=Sweeper(database, real_clock),
        outbox=outbox,
        queue=make_queue(automations, webhooks, clock, real_clock),
        notifications=notifications,
        mailing=mailing,
        task_links=task_links,
        approvals=approvals,
        repairs=repairs,
        leavings=Leavings(identity, approvals, repairs),
        automations=automations,
        buttons=buttons,
        timing=timing,
        webhooks=webhooks,
        delegations=Delegations(notifications),
        timers=Timers(store, notifications),
        urging=Urging(notifications),
        workflow=workflow,
        tasks=Tasks(approvals),
        clock=clock,
        zone=zone,
        ids=ids,
        compiled=compiled,
        handlers=MappingProxyType({NOTIFY: notifications.write}),
        real_clock=real_clock,
    )


def _scratch(settings: Settings, types: FieldTypes, database: Database) -> Platform:
    """Wire the parts over a scratch database: no mail, broker or scanner, and nobody works on its jobs."""
    alone = replace(settings, smtp_url="", broker_url="", scanner="", webhook_hosts=frozenset())
    return assemble(alone, database, types, RandomIds())
