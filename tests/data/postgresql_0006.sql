-- The tables on PostgreSQL as the first version made them that knew it: whatever comes later is a migration.
CREATE TABLE alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE chunks (
    id bigint NOT NULL,
    send_id integer NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    people json,
    receiver text,
    is_open boolean NOT NULL,
    due_at timestamp with time zone,
    epoch bigint DEFAULT '0'::bigint NOT NULL,
    holder text,
    leased_until timestamp with time zone,
    in_doubt json,
    marks bigint DEFAULT '0'::bigint NOT NULL,
    queued integer DEFAULT 0 NOT NULL,
    accepted integer DEFAULT 0 NOT NULL,
    deferred integer DEFAULT 0 NOT NULL,
    failed integer DEFAULT 0 NOT NULL,
    uncertain integer DEFAULT 0 NOT NULL,
    cancelled integer DEFAULT 0 NOT NULL
);
CREATE SEQUENCE chunks_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE chunks_id_seq OWNED BY chunks.id;
CREATE TABLE deliveries (
    send_id integer NOT NULL,
    subscriber_id bigint NOT NULL,
    email text NOT NULL,
    name text,
    language text,
    timezone text,
    tags json,
    fields json
);
CREATE TABLE delivery_numbers (
    number bigint NOT NULL,
    send_id integer NOT NULL,
    subscriber_id bigint NOT NULL
);
CREATE SEQUENCE delivery_numbers_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE delivery_numbers_number_seq OWNED BY delivery_numbers.number;
CREATE TABLE exclusions (
    send_id integer NOT NULL,
    subscriber_id integer NOT NULL,
    email text NOT NULL,
    reason character varying(32) NOT NULL
);
CREATE TABLE fields (
    name character varying(64) NOT NULL COLLATE pg_catalog."C",
    type character varying(16) NOT NULL
);
CREATE TABLE journals_read (
    name character varying(64) NOT NULL
);
CREATE TABLE lists (
    id bigint NOT NULL,
    name character varying(64) NOT NULL COLLATE pg_catalog."C",
    title text NOT NULL COLLATE pg_catalog."C",
    description text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE SEQUENCE lists_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE lists_id_seq OWNED BY lists.id;
CREATE TABLE outcomes (
    send_id bigint NOT NULL,
    subscriber_id bigint NOT NULL,
    number integer NOT NULL,
    state character varying(16) NOT NULL,
    stage character varying(16),
    at timestamp with time zone NOT NULL,
    due_at timestamp with time zone,
    reply text,
    revision integer,
    tried boolean NOT NULL,
    chunk bigint,
    CONSTRAINT ck_outcomes_state CHECK (((state)::text = ANY ((ARRAY['queued'::character varying, 'accepted'::character varying, 'deferred'::character varying, 'failed'::character varying, 'uncertain'::character varying, 'cancelled'::character varying])::text[])))
);
CREATE TABLE paces (
    account character varying(16) NOT NULL,
    scope text NOT NULL,
    rate double precision,
    ceiling double precision,
    patience double precision,
    quota integer,
    period double precision,
    window_since timestamp with time zone,
    window_used integer,
    parked_until timestamp with time zone,
    connections integer,
    learned_at timestamp with time zone NOT NULL
);
CREATE TABLE passed (
    id bigint NOT NULL,
    account character varying(16) NOT NULL,
    at timestamp with time zone NOT NULL,
    number integer NOT NULL
);
CREATE SEQUENCE passed_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE passed_id_seq OWNED BY passed.id;
CREATE TABLE revisions (
    send_id integer NOT NULL,
    no integer NOT NULL,
    revision character varying(64) NOT NULL,
    template bytea,
    subject text NOT NULL,
    since timestamp with time zone NOT NULL
);
CREATE TABLE schedules (
    id bigint NOT NULL,
    issue text NOT NULL,
    audience text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    zone text NOT NULL,
    state character varying(16) NOT NULL,
    send_id bigint,
    note text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);
CREATE SEQUENCE schedules_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE schedules_id_seq OWNED BY schedules.id;
CREATE TABLE sends (
    id integer NOT NULL,
    slug text NOT NULL,
    audience text NOT NULL,
    audience_put text,
    subject_put text,
    occasion integer DEFAULT 0 NOT NULL,
    subject text NOT NULL,
    revision character varying(64) NOT NULL,
    candidates integer DEFAULT 0 NOT NULL,
    excluded json,
    kept json,
    created_at timestamp with time zone NOT NULL,
    halted character varying(16),
    halted_at timestamp with time zone,
    halted_by text,
    halt_told_at timestamp with time zone,
    proved_at timestamp with time zone,
    corrects integer,
    correction integer
);
CREATE SEQUENCE sends_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE sends_id_seq OWNED BY sends.id;
CREATE TABLE subscribers (
    id bigint NOT NULL,
    email text NOT NULL,
    email_key text NOT NULL COLLATE pg_catalog."C",
    name text,
    language text,
    timezone text,
    tags json,
    fields json,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);
CREATE SEQUENCE subscribers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE subscribers_id_seq OWNED BY subscribers.id;
CREATE TABLE subscriptions (
    list_id bigint NOT NULL,
    subscriber_id bigint NOT NULL,
    status character varying(16) NOT NULL,
    source text NOT NULL,
    since timestamp with time zone NOT NULL
);
CREATE TABLE suppressions (
    email_key text NOT NULL COLLATE pg_catalog."C",
    reason character varying(32) NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    since timestamp with time zone NOT NULL
);
CREATE TABLE warmups (
    account character varying(16) NOT NULL,
    domain text NOT NULL,
    started_on date NOT NULL,
    started_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY chunks ALTER COLUMN id SET DEFAULT nextval('chunks_id_seq'::regclass);
ALTER TABLE ONLY delivery_numbers ALTER COLUMN number SET DEFAULT nextval('delivery_numbers_number_seq'::regclass);
ALTER TABLE ONLY lists ALTER COLUMN id SET DEFAULT nextval('lists_id_seq'::regclass);
ALTER TABLE ONLY passed ALTER COLUMN id SET DEFAULT nextval('passed_id_seq'::regclass);
ALTER TABLE ONLY schedules ALTER COLUMN id SET DEFAULT nextval('schedules_id_seq'::regclass);
ALTER TABLE ONLY sends ALTER COLUMN id SET DEFAULT nextval('sends_id_seq'::regclass);
ALTER TABLE ONLY subscribers ALTER COLUMN id SET DEFAULT nextval('subscribers_id_seq'::regclass);
ALTER TABLE ONLY alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY chunks
    ADD CONSTRAINT pk_chunks PRIMARY KEY (id);
ALTER TABLE ONLY deliveries
    ADD CONSTRAINT pk_deliveries PRIMARY KEY (send_id, subscriber_id);
ALTER TABLE ONLY delivery_numbers
    ADD CONSTRAINT pk_delivery_numbers PRIMARY KEY (number);
ALTER TABLE ONLY exclusions
    ADD CONSTRAINT pk_exclusions PRIMARY KEY (send_id, subscriber_id);
ALTER TABLE ONLY fields
    ADD CONSTRAINT pk_fields PRIMARY KEY (name);
ALTER TABLE ONLY journals_read
    ADD CONSTRAINT pk_journals_read PRIMARY KEY (name);
ALTER TABLE ONLY lists
    ADD CONSTRAINT pk_lists PRIMARY KEY (id);
ALTER TABLE ONLY outcomes
    ADD CONSTRAINT pk_outcomes PRIMARY KEY (send_id, subscriber_id, number);
ALTER TABLE ONLY paces
    ADD CONSTRAINT pk_paces PRIMARY KEY (account, scope);
ALTER TABLE ONLY passed
    ADD CONSTRAINT pk_passed PRIMARY KEY (id);
ALTER TABLE ONLY revisions
    ADD CONSTRAINT pk_revisions PRIMARY KEY (send_id, no);
ALTER TABLE ONLY schedules
    ADD CONSTRAINT pk_schedules PRIMARY KEY (id);
ALTER TABLE ONLY sends
    ADD CONSTRAINT pk_sends PRIMARY KEY (id);
ALTER TABLE ONLY subscribers
    ADD CONSTRAINT pk_subscribers PRIMARY KEY (id);
ALTER TABLE ONLY subscriptions
    ADD CONSTRAINT pk_subscriptions PRIMARY KEY (list_id, subscriber_id);
ALTER TABLE ONLY suppressions
    ADD CONSTRAINT pk_suppressions PRIMARY KEY (email_key);
ALTER TABLE ONLY warmups
    ADD CONSTRAINT pk_warmups PRIMARY KEY (account, domain);
ALTER TABLE ONLY lists
    ADD CONSTRAINT uq_lists_name UNIQUE (name);
ALTER TABLE ONLY sends
    ADD CONSTRAINT uq_sends_slug_audience_occasion UNIQUE (slug, audience, occasion);
ALTER TABLE ONLY subscribers
    ADD CONSTRAINT uq_subscribers_email_key UNIQUE (email_key);
CREATE INDEX ix_chunks_open ON chunks USING btree (send_id, id) WHERE is_open;
CREATE INDEX ix_chunks_send_id ON chunks USING btree (send_id);
CREATE INDEX ix_outcomes_unaccepted ON outcomes USING btree (send_id, state) WHERE ((state)::text <> 'accepted'::text);
CREATE INDEX ix_passed_account ON passed USING btree (account, at);
CREATE INDEX ix_subscriptions_subscriber_id ON subscriptions USING btree (subscriber_id);
ALTER TABLE ONLY chunks
    ADD CONSTRAINT fk_chunks_send_id_sends FOREIGN KEY (send_id) REFERENCES sends(id);
ALTER TABLE ONLY deliveries
    ADD CONSTRAINT fk_deliveries_send_id_sends FOREIGN KEY (send_id) REFERENCES sends(id);
ALTER TABLE ONLY delivery_numbers
    ADD CONSTRAINT fk_delivery_numbers_send_id_sends FOREIGN KEY (send_id) REFERENCES sends(id);
ALTER TABLE ONLY exclusions
    ADD CONSTRAINT fk_exclusions_send_id_sends FOREIGN KEY (send_id) REFERENCES sends(id);
ALTER TABLE ONLY revisions
    ADD CONSTRAINT fk_revisions_send_id_sends FOREIGN KEY (send_id) REFERENCES sends(id);
ALTER TABLE ONLY subscriptions
    ADD CONSTRAINT fk_subscriptions_list_id_lists FOREIGN KEY (list_id) REFERENCES lists(id) ON DELETE CASCADE;
ALTER TABLE ONLY subscriptions
    ADD CONSTRAINT fk_subscriptions_subscriber_id_subscribers FOREIGN KEY (subscriber_id) REFERENCES subscribers(id) ON DELETE CASCADE;
INSERT INTO alembic_version VALUES ('0006');
