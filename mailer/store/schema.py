"""The tables. People first, then the ledger, then the clock and the pace."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    true,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateIndex
from sqlalchemy.sql.compiler import DDLCompiler
from sqlalchemy.types import TypeEngine

from mailer.domain.delivery import LASTING
from mailer.domain.moment import utc_text
from mailer.store.search import made_with

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcTime(TypeDecorator[datetime]):
    """An aware datetime to the millisecond, in UTC.

    SQLite keeps it as fixed-width text that a person can read in any SQL shell, PostgreSQL as timestamptz.
    """

    impl = String(24)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind = String(24) if dialect.name == "sqlite" else DateTime(timezone=True)
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | datetime | None:
        if value is None:
            return None
        text = utc_text(value)
        return text if dialect.name == "sqlite" else datetime.fromisoformat(text)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return datetime.fromisoformat(value) if dialect.name == "sqlite" else value.astimezone(UTC)


# Ids grow past 32 bits; SQLite's do anyhow, and it counts up INTEGER alone. Not for what is summed up: that
# comes as a decimal from PostgreSQL.
Number = Integer().with_variant(BigInteger(), "postgresql")
# In the order of its characters, whatever the language of a server: what people and commands are known by.
Key = Text().with_variant(Text(collation="C"), "postgresql")
Name = String(64).with_variant(String(64, collation="C"), "postgresql")

# Which rows a partial index is of, in the `info` of it: an option of SQLAlchemy's, by the name of each
# database, would load what speaks PostgreSQL for SQLite as well.
WHERE = "where"


@compiles(CreateIndex)
def _create_index(element: CreateIndex, compiler: DDLCompiler, **how: Any) -> str:
    made: str = compiler.visit_create_index(element, **how)  # type: ignore[no-untyped-call]
    where = element.element.info.get(WHERE)
    return f"{made} WHERE {where}" if where else made


lists = Table(
    "lists",
    metadata,
    Column("id", Number, primary_key=True),
    Column("name", Name, nullable=False, unique=True),  # what commands say: weekly
    Column("title", Key, nullable=False),  # what subscribers read
    Column("description", Text, nullable=False, server_default=""),
    Column("created_at", UtcTime, nullable=False),
    Column("is_public", Boolean, nullable=False, server_default=false()),  # shown on pages, open to anybody
    Column("double_opt_in", Boolean, nullable=False, server_default=true()),  # who signs up has to confirm it
    # What is said in its mails instead of what the settings say; NULL: as they say.
    Column("sender", Text),
    Column("reply_to", Text),
    Column("postal_address", Text),
    Column("language", Text),
    Column("params", JSON(none_as_null=True)),  # of the layout, by name
    Column("in_archive", Boolean, nullable=False, server_default=true()),  # whether what it sent is on pages
    Column("welcome", Text),  # the issue file, relative to the workspace, that those get who come to be on it
    Column("confirmed_url", Text),  # the page that they are led to who confirm it
    Column("archived_at", UtcTime),  # put away: nothing is sent to it, nobody can sign up
    Column("changed_at", UtcTime),  # when it was last said what it is
    # Gone, but for its name: consents, sends and links in old mails mean it, and who left it stays off.
    Column("deleted_at", UtcTime),
    sqlite_autoincrement=True,  # an id is never given twice: links in old mails name it
)

subscribers = Table(
    "subscribers",
    metadata,
    Column("id", Number, primary_key=True),
    Column("email", Text, nullable=False),  # as typed
    Column("email_key", Key, nullable=False, unique=True),  # Address.key: the person
    Column("address_hash", Key, nullable=False, server_default=""),  # domain.suppression.hash_address
    Column("name", Text),
    Column("language", Text),
    Column("timezone", Text),
    Column("tags", JSON(none_as_null=True)),  # list of texts
    Column("fields", JSON(none_as_null=True)),  # every other field, already in its type; dates as ISO text
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False, index=True),
    sqlite_autoincrement=True,  # an id is never given twice: links in old mails name it
)

# Addresses that people had before, and those of records that were joined to theirs: whoever comes by one of
# them is this person, with all that they said.
former_addresses = Table(
    "former_addresses",
    metadata,
    Column("email_key", Key, primary_key=True),  # Address.key
    Column("email", Text, nullable=False),  # as typed
    Column("subscriber_id", ForeignKey("subscribers.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("former_id", Number, index=True),  # of a record that was joined: links and deliveries name it
    Column("since", UtcTime, nullable=False),  # when it became a former one
)

fields = Table(
    "fields",
    metadata,
    Column("name", Name, primary_key=True),
    Column("type", String(16), nullable=False),  # domain.field.FieldType
    Column("title", Text, nullable=False, server_default=""),  # what readers call it
    Column("is_editable", Boolean, nullable=False, server_default=false()),  # by whom it is about
)

subscriptions = Table(
    "subscriptions",
    metadata,
    # No foreign key, which an import would look up for each row: no list's row is ever deleted.
    Column("list_id", Number, primary_key=True, autoincrement=False),
    Column("subscriber_id", ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True, index=True),
    # domain.subscriber.Status: subscribed, unconfirmed, unsubscribed
    Column("status", String(16), nullable=False),
    # where the consent came from: import example.csv, command line, ...
    Column("source", Text, nullable=False),
    Column("since", UtcTime, nullable=False),  # when it got this status
    Column("paused_until", UtcTime),  # of one who is subscribed: gets nothing before
    Column("reminded_at", UtcTime),  # of one who is unconfirmed: when they were asked once more
)

# What people typed into sign-up forms, until it is taken in, and for as long as it says how often an address
# was written to. Nothing in a row depends on who it is about.
signups = Table(
    "signups",
    metadata,
    Column("id", Number, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("email", Text, nullable=False),  # as typed
    Column("email_key", Key, nullable=False, index=True),
    Column("lists", JSON(none_as_null=True), nullable=False),  # ids of lists
    Column("answers", JSON(none_as_null=True), nullable=False),  # by field, as typed
    Column("source", JSON(none_as_null=True), nullable=False),  # domain.consent.Source
    Column("language", Text, nullable=False),  # of the page
    Column("ip", Text),
    Column("agent", Text),
    Column("note", Text),  # where they came from: ?ref=
    Column("taken_at", UtcTime),  # when it was taken in; NULL: it waits
    Column("mailed_at", UtcTime),  # when the address was written to because of it
    Column("network", Text),  # domain.signup_bounds.network_key of where it came from
    Column("proof", Text),  # the sum that was done for it, which is good for one
    Index("uq_signups_proof", "proof", unique=True),
    Index("ix_signups_at", "at"),
    Index("ix_signups_network_at", "network", "at"),
    sqlite_autoincrement=True,
)

# What people agreed to and refused, and how that is known: rows that are added and never changed. What a
# subscription is now stands in `subscriptions`, too.
consents = Table(
    "consents",
    metadata,
    Column("id", Number, primary_key=True),
    Column("subscriber_id", Number, nullable=False, index=True),
    Column("list_id", Number),  # NULL: all mail
    Column("change", String(16), nullable=False),  # domain.consent.Change
    Column("at", UtcTime, nullable=False),  # when they said so, as far as the source knows
    Column("recorded_at", UtcTime, nullable=False),
    Column("source_id", Number, nullable=False),  # no foreign key either: no source is ever deleted
    Column("line", Integer),  # of the file
    Column("ip", Text),
    Column("agent", Text),  # User-Agent
    Column("note", Text),  # how it was confirmed, why they left, until when they pause
    sqlite_autoincrement=True,
)

# Where people say what they agree to: a file that was imported, a form with its wording, a command.
consent_sources = Table(
    "consent_sources",
    metadata,
    Column("id", Number, primary_key=True),
    Column("kind", String(16), nullable=False),  # domain.consent.SourceKind
    Column("name", Text, nullable=False, server_default=""),  # of the file, the form, the command
    Column("by", Text, nullable=False, server_default=""),  # a login name
    Column("wording", Text, nullable=False, server_default=""),  # what was agreed to
    Column("version", Text, nullable=False, server_default=""),  # of the wording
)

# Who is never mailed again on any list, whatever is imported: an address (Address.key), which outlives the
# subscriber; `@` and a domain for everybody there; `#` and a hash for an address that was erased.
suppressions = Table(
    "suppressions",
    metadata,
    Column("who", Key, primary_key=True),
    Column("reason", String(32), nullable=False),  # domain.suppression.Reason
    Column("note", Text, nullable=False, server_default=""),
    Column("since", UtcTime, nullable=False),
)

# What hashes are keyed with, by what they are of. They stay in the database, because a key that is lost would
# make those mailable again who are known by their hash alone.
keys = Table(
    "keys",
    metadata,
    Column("name", Name, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

# Parts of the people by a condition, in the words of docs/segments.md.
segments = Table(
    "segments",
    metadata,
    Column("id", Number, primary_key=True),
    Column("name", Name, nullable=False, unique=True),
    Column("definition", Text, nullable=False),  # as it was typed
    Column("description", Text, nullable=False, server_default=""),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)

sends = Table(
    "sends",
    metadata,
    Column("id", Integer, primary_key=True),
    # domain.send.SendKind: an issue, whose audience was frozen; else letters, to which people are added
    Column("kind", String(16), nullable=False, server_default="issue"),
    Column("slug", Text, nullable=False),
    # canonical JSON of Audience: {"exclude":[],"lists":["weekly"],...}
    Column("audience", Text, nullable=False),
    Column("audience_put", Text),  # Audience.text(): in the order it was asked for, which the mail depends on
    # The segments of the audience as they stood: domain.audience.KeptSegment.data(), a list; NULL for none
    Column("segments", JSON(none_as_null=True)),
    Column("subject_put", Text),  # --subject: without it the issue is another one
    Column("occasion", Integer, nullable=False, server_default="0"),  # how often it was repeated: --again
    Column("subject", Text, nullable=False),
    Column("revision", String(64), nullable=False),  # of the text that is sent now: the newest in `revisions`
    # Everyone ever on the lists when the audience was frozen: deliveries and exclusions must add up to it.
    Column("candidates", Integer, nullable=False, server_default="0"),
    Column("excluded", JSON(none_as_null=True)),  # how many of them don't get it, by the reason
    Column("kept", JSON(none_as_null=True)),  # the values that deliveries keep, by name; NULL: all
    Column("created_at", UtcTime, nullable=False),
    Column("halted", String(16)),  # domain.delivery.Halt: what holds the whole send
    Column("halted_at", UtcTime),
    Column("halted_by", Text),  # who said so: a login name; for limited: the option; for stopped: why
    Column("halt_told_at", UtcTime),  # when `tick` said that it leaves this one alone
    # when every frozen recipient's render was proved; nothing is claimed before
    Column("proved_at", UtcTime),
    Column("corrects", Integer),  # for an erratum: the send that it is about,
    Column("correction", Integer),  # and which of its revisions those get who had an earlier one
    Column("rollout", JSON(none_as_null=True)),  # domain.rollout.Rollout.data(); NULL: all at once
    Column("stage", Integer),  # of a rollout: up to which stage it has come
    # domain.stop_condition.Figures.data() when a person let it go on: only what came after that counts
    Column("judged_from", JSON(none_as_null=True)),
    UniqueConstraint("slug", "audience", "occasion"),
    sqlite_autoincrement=True,  # an id is never given twice: links in old mails name it
)

# Every text that a send had, the first one and its corrections; nothing in it ever changes but what was lost.
revisions = Table(
    "revisions",
    metadata,
    Column("send_id", ForeignKey("sends.id"), primary_key=True),
    Column("no", Integer, primary_key=True),  # from 1
    Column("revision", String(64), nullable=False),  # sha256 of the compiled template, in hex
    # MessageTemplate.dump(); what every later run uses. None: all that is known of it are journals.
    Column("template", LargeBinary),
    Column("subject", Text, nullable=False),
    Column("since", UtcTime, nullable=False),
)

# What may be seen by anybody of a send, if a list that it went to has an archive: as its newest text reads to
# nobody in particular. Without a row it is in no archive.
archive = Table(
    "archive",
    metadata,
    Column("send_id", ForeignKey("sends.id"), primary_key=True),
    Column("title", Text, nullable=False),  # the subject
    Column("summary", Text, nullable=False),
    Column("words", Text, nullable=False),  # of title and text, as domain.fold has them: what is searched
)

# Issues from before, which other programs sent: taken into a list's archive, and never sent from here.
imported_issues = Table(
    "imported_issues",
    metadata,
    Column("id", Number, primary_key=True),
    Column("list_id", ForeignKey("lists.id"), nullable=False),
    Column("slug", Key, nullable=False),
    *(Column(name, Text, nullable=False) for name in ("title", "summary", "words")),  # as in `archive`
    Column("sent_at", UtcTime, nullable=False),  # as the file says
    Column("taken_at", UtcTime, nullable=False),
    Column("digest", LargeBinary, nullable=False),  # SHA-256 of what was taken in
    Column("content", LargeBinary, nullable=False),  # services.publishing.Published, as JSON
    UniqueConstraint("list_id", "slug"),
    sqlite_autoincrement=True,
)

# Who gets a send, with the values that its text names, as they were when the audience was frozen. It is never
# changed, but for a correction that names more: what became of each stands in `outcomes`.
deliveries = Table(
    "deliveries",
    metadata,
    Column("send_id", ForeignKey("sends.id"), primary_key=True),
    # no foreign key: the account outlives the person's erasure
    Column("subscriber_id", Number, primary_key=True, autoincrement=False),
    Column("email", Text, nullable=False),
    Column("name", Text),
    Column("language", Text),
    Column("timezone", Text),
    Column("tags", JSON(none_as_null=True)),
    Column("fields", JSON(none_as_null=True)),
    sqlite_with_rowid=False,
)

# What became of deliveries, in rows that are added and never changed. The latest one of a delivery is its
# state; without one it is queued.
outcomes = Table(
    "outcomes",
    metadata,
    Column("send_id", Number, primary_key=True),
    Column("subscriber_id", Number, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),  # from 1, of this delivery
    Column("state", String(16), nullable=False),
    Column("stage", String(16)),  # domain.outcome.Stage; NULL where no server was asked
    Column("at", UtcTime, nullable=False),
    Column("due_at", UtcTime),  # for deferred: when to try again
    Column("reply", Text),  # the server's words, or ours
    Column("revision", Integer),  # revisions.no of the text that was handed over
    Column("tried", Boolean, nullable=False),  # whether it counts for the retry policy
    Column("chunk", Number),  # for queued and deferred: the chunk that it waits in
    CheckConstraint("state IN ({})".format(", ".join(f"'{state}'" for state in LASTING)), name="state"),
    # The few that are to be found again: whoever was accepted is not looked for.
    Index(
        "ix_outcomes_unaccepted",
        "send_id",
        "state",
        info={WHERE: "state <> 'accepted'"},
    ),
    sqlite_with_rowid=False,
)

# What is taken by a worker at once: some deliveries of a send, which are those from `first` to `last`, or
# the `people` listed. One that is open and not queued waits until `due_at`.
chunks = Table(
    "chunks",
    metadata,
    Column("id", Number, primary_key=True),  # the order in which they are taken
    Column("send_id", ForeignKey("sends.id"), nullable=False, index=True),
    Column("first", Number, nullable=False),
    Column("last", Number, nullable=False),
    Column("people", JSON(none_as_null=True)),  # list of subscriber_id
    Column("receiver", Text),  # the mailbox provider of all of them, where that was held back
    Column("stage", Integer),  # the stage of a rollout that it waits for; NULL: for none
    Column("is_open", Boolean, nullable=False),
    Column("due_at", UtcTime),
    Column("epoch", Number, nullable=False, server_default="0"),  # how often it was taken
    Column("holder", Text),  # who took it last and has not let go: the name of a journal
    # Where others can't see whether the holder lives: until when it holds the chunk, and whom it may have
    # handed over to the server by now (list of subscriber_id).
    Column("leased_until", UtcTime),
    Column("in_doubt", JSON(none_as_null=True)),
    Column("marks", Number, nullable=False, server_default="0"),  # commits of the holder in this epoch
    # How the totals of the send were changed by way of this chunk: their sum is the totals.
    *(Column(state.value, Integer, nullable=False, server_default="0") for state in LASTING),
    Index("ix_chunks_open", "send_id", "id", info={WHERE: "is_open"}),
)

# The stages of sends that go to some first: when each began, when everybody in it was tried, and how the send
# did then. Who is in which stands in `chunks`.
stages = Table(
    "stages",
    metadata,
    Column("send_id", ForeignKey("sends.id"), primary_key=True),
    Column("number", Integer, primary_key=True),  # from 1
    Column("people", Integer, nullable=False),
    Column("opened_at", UtcTime),  # NULL: it waits for the one before
    Column("done_at", UtcTime),
    Column("figures", JSON(none_as_null=True)),  # domain.stop_condition.Figures.data(), when it was done
)

# What journals from before there were chunks call the deliveries that were open then.
delivery_numbers = Table(
    "delivery_numbers",
    metadata,
    Column("number", Number, primary_key=True),
    Column("send_id", ForeignKey("sends.id"), nullable=False),
    Column("subscriber_id", Number, nullable=False),
)

# Candidates who do not get the issue, with the reason: verify needs everyone accounted for.
exclusions = Table(
    "exclusions",
    metadata,
    Column("send_id", ForeignKey("sends.id"), primary_key=True),
    Column("subscriber_id", Integer, primary_key=True),
    Column("email", Text, nullable=False),
    # unsubscribed, unconfirmed, bounced, not in segment oslo, ...; SQLite knows no lengths
    Column("reason", String(32).with_variant(Text(), "postgresql"), nullable=False),
)

# The journals that are in this database: one beside it that is not tells of what came after a backup.
journals_read = Table(
    "journals_read",
    metadata,
    Column("name", String(64), primary_key=True),
)

schedules = Table(
    "schedules",
    metadata,
    Column("id", Number, primary_key=True),
    # Path, relative to the workspace: of an issue, or of the folder that a recurring one takes issues from.
    # Of an occurrence it is empty until one is chosen, which is before its send begins.
    Column("issue", Text, nullable=False),
    Column("audience", Text, nullable=False),  # Audience.text()
    Column("due_at", UtcTime, nullable=False),  # of a recurring one: the next time
    Column("recurrence", Text),  # domain.recurrence.Recurrence.text(); of an occurrence its parent's
    Column("parent_id", Number),  # of an occurrence: what recurs
    Column("rollout", JSON(none_as_null=True)),  # domain.rollout.Rollout.data(), where it goes in stages
    Column("local_at", Text),  # the time on each reader's clock (ISO 8601, no offset) where it goes by that
    Column("zone", Text, nullable=False),  # IANA name it was typed in
    Column("state", String(16), nullable=False),  # ledger.schedules.ScheduleState
    Column("send_id", Number),  # for begun: the send that it led to, which says the rest
    Column("note", Text, nullable=False, server_default=""),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)

# A feed of a schedule: where it is by now, and what its server said of what was read last.
feeds = Table(
    "feeds",
    metadata,
    Column("schedule_id", ForeignKey("schedules.id"), primary_key=True),
    Column("address", Text, primary_key=True),  # as it was typed
    Column("moved_to", Text, nullable=False, server_default=""),
    Column("etag", Text, nullable=False, server_default=""),
    Column("last_modified", Text, nullable=False, server_default=""),
    Column("trouble", Text, nullable=False, server_default=""),  # why it could not be read the last time
    Column("looked_at", UtcTime, nullable=False),
)

# By what each entry of a feed is known that a schedule is done with: it goes out once.
feed_entries = Table(
    "feed_entries",
    metadata,
    Column("schedule_id", ForeignKey("schedules.id"), primary_key=True),
    Column("key", Name, primary_key=True),  # feeds.entry.Entry.keys
    Column("occurrence_id", ForeignKey("schedules.id"), nullable=False),
    Column("sent", Boolean, nullable=False),  # whether that took it; else it was one too many
)

# The sequences that were put in force, by the names of their folders. What they send stands in their files.
sequences = Table(
    "sequences",
    metadata,
    Column("id", Number, primary_key=True),
    Column("name", Name, nullable=False, unique=True),
    Column("list_id", ForeignKey("lists.id"), nullable=False, index=True),
    Column("starts", Text, nullable=False),  # domain.sequence.SequenceStart.text()
    Column("is_paused", Boolean, nullable=False, server_default=false()),
    Column("plan", JSON(none_as_null=True), nullable=False),  # SequencePlan.data(), as people go by it
    Column("files", Text, nullable=False),  # services.sequence_files.fingerprint of what was read last
    Column("looked_at", UtcTime, nullable=False),  # for who begins by a tag or a date
    Column("look_at", UtcTime),  # when to look again; NULL: they begin otherwise
    Column("problem", Text, nullable=False, server_default=""),  # what holds it,
    Column("held_until", UtcTime),  # and until when it isn't tried again
    Column("created_at", UtcTime, nullable=False),
    sqlite_autoincrement=True,
)

# Who is in a sequence, or was: once, or once for each date that they begin for.
sequence_members = Table(
    "sequence_members",
    metadata,
    Column("sequence_id", ForeignKey("sequences.id", ondelete="CASCADE"), primary_key=True),
    Column("subscriber_id", ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("occasion", Name, primary_key=True, server_default=""),  # the date: 2027-05-04
    Column("why", Text, nullable=False),  # they began
    Column("started_at", UtcTime, nullable=False),
    Column("on_list_at", UtcTime, nullable=False),  # they were on the list then, without a break since
    Column("state", String(16), nullable=False),  # domain.sequence.MemberState
    Column("reason", Text, nullable=False, server_default=""),  # for the state, where it doesn't say itself
    Column("since", UtcTime, nullable=False),  # when the latest step was settled, or they began
    Column("next_at", UtcTime),  # when to look at them next
    Column("changed_at", UtcTime, nullable=False),
    Index(
        "ix_sequence_members_due",
        "sequence_id",
        "next_at",
        info={WHERE: "next_at IS NOT NULL"},
    ),
)

# Which steps somebody got, or was passed by: each once, whatever becomes of the files.
sequence_steps = Table(
    "sequence_steps",
    metadata,
    Column("sequence_id", Number, primary_key=True),
    Column("subscriber_id", Number, primary_key=True),
    Column("occasion", Name, primary_key=True, server_default=""),
    Column("step", Key, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("send_id", Number),  # the letter; NULL: they were passed by
    Column("note", Text, nullable=False, server_default=""),  # why
    ForeignKeyConstraint(
        ["sequence_id", "subscriber_id", "occasion"],
        ["sequence_members.sequence_id", "sequence_members.subscriber_id", "sequence_members.occasion"],
        ondelete="CASCADE",
        name="fk_sequence_steps_member",
    ),
)

# Which letters of sequences went to people by what journals say, where a backup that was put back lacks them.
learned_steps = Table(
    "learned_steps",
    metadata,
    Column("subscriber_id", ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True),
    Column("slug", Key, primary_key=True),  # domain.sequence.letter_slug
    Column("at", UtcTime, primary_key=True),
)

# What was found out about the limits of an SMTP account and of the mailbox providers behind it.
paces = Table(
    "paces",
    metadata,
    Column("account", String(16), primary_key=True),  # smtp.account.Account's host and username, hashed
    Column("scope", Text, primary_key=True),  # domain.learned.Learned.scope
    Column("rate", Float),  # messages/s that go through
    Column("ceiling", Float),  # messages/s that were refused
    Column("patience", Float),  # seconds
    Column("quota", Integer),  # messages in a period
    Column("period", Float),  # seconds
    Column("window_since", UtcTime),
    Column("window_used", Integer),
    Column("parked_until", UtcTime),
    Column("connections", Integer),
    Column("learned_at", UtcTime, nullable=False),
)

# How many messages an account got through, and when: what quotas and warm-ups go by.
passed = Table(
    "passed",
    metadata,
    Column("id", Number, primary_key=True),
    Column("account", String(16), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("number", Integer, nullable=False),
    Index("ix_passed_account", "account", "at"),
)

# Parts of the audience of a send that many processes prove, until all is proved.
proofs = Table(
    "proofs",
    metadata,
    Column("send_id", Integer, primary_key=True, autoincrement=False),
    Column("first", Integer, primary_key=True, autoincrement=False),  # subscriber_id
    Column("last", Integer, nullable=False),
    Column("people", Integer, nullable=False),
    Column("taken_until", UtcTime),  # somebody looks at it
    Column("refused", Boolean, nullable=False, server_default=false()),
    Column("found", JSON(none_as_null=True)),  # engine.plan.Refusals.data(), once somebody did
)

# The processes that send by a database on a server, and how they do; who tells what they tell is in
# `store.session_presence`. Those by a database in a file have records beside it.
machines = Table(
    "machines",
    metadata,
    Column("host", Text, primary_key=True),
    Column("pid", Integer, primary_key=True, autoincrement=False),
    Column("command", Text, nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),  # by the server's clock
    Column("send_id", Integer),
    Column("settled", Integer, nullable=False),  # of this send, so far
    Column("rate", Float, nullable=False),  # messages/s, of late
)

# Since when a sending domain is warmed up on an account: the first day of its plan.
warmups = Table(
    "warmups",
    metadata,
    Column("account", String(16), primary_key=True),
    Column("domain", Text, primary_key=True),
    Column("started_on", Date, nullable=False),
    Column("started_at", UtcTime, nullable=False),
)

# What of an account each of those has who send over it now, and what they tell each other: one row to lock.
accounts = Table(
    "accounts",
    metadata,
    Column("account", String(16), primary_key=True),
    Column("state", Text, nullable=False),  # engine.pacing.dealing.SharedAccount.dump()
)

# What came back, or was refused at once: a row for each message, once, with what was done about it.
returns = Table(
    "returns",
    metadata,
    Column("id", Number, primary_key=True),
    # Of the message (services.return_reading.digest_of): none counts twice. Of a refusal, whose it is.
    Column("digest", Key, nullable=False, unique=True),
    Column("at", UtcTime, nullable=False),  # when it was read, or refused
    Column("source", Text, nullable=False),  # where it was read
    Column("kind", String(16), nullable=False),  # domain.returned.Kind
    Column("effect", String(16), nullable=False),  # domain.return_policy.ReturnEffect
    Column("send_id", Number),  # by the token; NULL: none of ours
    Column("subscriber_id", Number),
    Column("email", Text, nullable=False),  # whom we mailed; without a token whom the message names
    Column("provider", Text, nullable=False),  # of that address: domain.mailbox_providers.provider_of
    Column("status", Text, nullable=False),  # RFC 3463
    Column("reason", Text, nullable=False),  # ours, in a few words
    Column("said", Text, nullable=False),  # the server's words
    Column("evidence", JSON(none_as_null=True)),  # list of texts: how the verdict was come to
    Index("ix_returns_subscriber_id", "subscriber_id", "send_id"),
    Index("ix_returns_send_id", "send_id", "kind"),
    sqlite_autoincrement=True,
)

# How far a mailbox was read: what has no folders or marks of its own for that is asked by this alone.
mailboxes = Table(
    "mailboxes",
    metadata,
    Column("name", Key, primary_key=True),  # its URL without the password
    Column("state", JSON(none_as_null=True), nullable=False),  # as mailer.mailbox has it
    Column("read_at", UtcTime, nullable=False),
)

# What webhooks told, kept before it is understood; a request that came is known for some days by its digest.
notices = Table(
    "notices",
    metadata,
    Column("id", Number, primary_key=True),
    Column("provider", String(16), nullable=False),
    Column("digest", Key, nullable=False, unique=True),
    Column("octets", LargeBinary, nullable=False),  # of the request's body; none once it was read
    Column("received_at", UtcTime, nullable=False),
    Column("read_at", UtcTime),  # NULL: not yet
    Index("ix_notices_read_at", "read_at"),
    sqlite_autoincrement=True,
)

# What was wrong with what came back: told once, and new sends wait until somebody dismisses it.
alerts = Table(
    "alerts",
    metadata,
    Column("key", Key, primary_key=True),  # domain.return_alert.ReturnAlert.key
    Column("words", Text, nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("told_at", UtcTime),
    Column("dismissed_at", UtcTime),
)

# What whoever runs the program is told, once for each key, and kept: domain.admin_notice.AdminNotice.
admin_notices = Table(
    "admin_notices",
    metadata,
    Column("id", Number, primary_key=True),
    Column("key", Key, nullable=False, unique=True),
    Column("event", String(32), nullable=False),  # domain.admin_notice.NoticeEvent
    Column("at", UtcTime, nullable=False),
    Column("title", Text, nullable=False),
    Column("lines", JSON(none_as_null=True), nullable=False),  # list of texts
    Column("data", JSON(none_as_null=True), nullable=False),
    sqlite_autoincrement=True,
)

# By which ways each is to be told (ledger.admin_notices.Way), and whether it was.
notice_ways = Table(
    "notice_ways",
    metadata,
    Column("notice_id", ForeignKey("admin_notices.id"), primary_key=True),
    Column("way", Key, primary_key=True),
    Column("state", String(16), nullable=False),  # ledger.admin_notices.Telling
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column(
        "next_at", UtcTime, nullable=False
    ),  # while it waits: when to try, or to take it from who is at it
    Index("ix_notice_ways_state", "state", "next_at"),
)

# Every attempt, written down before it is made.
notice_attempts = Table(
    "notice_attempts",
    metadata,
    Column("notice_id", Number, primary_key=True, autoincrement=False),
    Column("way", Key, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # from 1
    Column("at", UtcTime, nullable=False),
    Column("words", Text),  # what came of it; NULL: whoever made it died
)

made_with(metadata)
