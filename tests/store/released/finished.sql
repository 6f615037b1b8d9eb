BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0005');
CREATE TABLE attempts (
	id INTEGER NOT NULL, 
	delivery_id INTEGER NOT NULL, 
	at VARCHAR(24) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	stage VARCHAR(16), 
	reply TEXT NOT NULL, 
	CONSTRAINT pk_attempts PRIMARY KEY (id), 
	CONSTRAINT fk_attempts_delivery_id_deliveries FOREIGN KEY(delivery_id) REFERENCES deliveries (id)
);
INSERT INTO "attempts" VALUES(1,6,'2026-11-28T08:00:04.000Z','deferred','rcpt','451 4.7.1 later');
INSERT INTO "attempts" VALUES(2,8,'2026-11-28T08:00:04.000Z','deferred','mail','421 4.7.0 too many');
INSERT INTO "attempts" VALUES(3,7,'2026-11-28T08:00:04.000Z','failed','rcpt','550 5.1.1 no such user');
INSERT INTO "attempts" VALUES(4,6,'2026-11-28T08:20:01.000Z','deferred','mail','421 4.7.0 over quota');
CREATE TABLE deliveries (
	id INTEGER NOT NULL, 
	send_id INTEGER NOT NULL, 
	subscriber_id INTEGER NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	email TEXT NOT NULL, 
	name TEXT, 
	language TEXT, 
	timezone TEXT, 
	tags JSON, 
	fields JSON, 
	attempts INTEGER DEFAULT '0' NOT NULL, 
	first_attempt_at VARCHAR(24), 
	due_at VARCHAR(24), 
	worker TEXT, 
	reason TEXT, 
	updated_at VARCHAR(24) NOT NULL, revision INTEGER, 
	CONSTRAINT pk_deliveries PRIMARY KEY (id), 
	CONSTRAINT ck_deliveries_state CHECK (state IN ('queued', 'claimed', 'handed', 'accepted', 'deferred', 'failed', 'uncertain', 'cancelled')), 
	CONSTRAINT fk_deliveries_send_id_sends FOREIGN KEY(send_id) REFERENCES sends (id), 
	CONSTRAINT uq_deliveries_send_id_subscriber_id UNIQUE (send_id, subscriber_id)
);
INSERT INTO "deliveries" VALUES(1,1,1,'accepted','zoe@quay.example',NULL,NULL,NULL,NULL,NULL,1,'2026-11-26T08:00:01.000Z',NULL,NULL,'250 2.0.0 Ok: tide','2026-11-26T08:00:01.000Z',1);
INSERT INTO "deliveries" VALUES(2,1,2,'accepted','yan@quay.example',NULL,NULL,NULL,NULL,NULL,1,'2026-11-26T08:00:01.000Z',NULL,NULL,'250 2.0.0 Ok: tide','2026-11-26T08:00:01.000Z',1);
INSERT INTO "deliveries" VALUES(3,1,3,'accepted','xia@quay.example',NULL,NULL,NULL,NULL,NULL,1,'2026-11-26T08:00:01.000Z',NULL,NULL,'250 2.0.0 Ok: tide','2026-11-26T08:00:01.000Z',1);
INSERT INTO "deliveries" VALUES(4,2,6,'accepted','ada@bay.example','Ada',NULL,NULL,NULL,NULL,1,'2026-11-28T08:00:03.000Z',NULL,NULL,'250 2.0.0 Ok: 1','2026-11-28T08:00:03.000Z',1);
INSERT INTO "deliveries" VALUES(5,2,7,'accepted','ben@bay.example','Ben',NULL,NULL,NULL,NULL,1,'2026-11-28T08:00:03.000Z',NULL,NULL,'250 2.0.0 Ok: 2','2026-11-28T08:00:03.000Z',1);
INSERT INTO "deliveries" VALUES(6,2,8,'accepted','cat@bay.example','Cat',NULL,NULL,NULL,NULL,2,'2026-11-28T08:00:04.000Z',NULL,NULL,'250 2.0.0 Ok: 3','2026-11-28T08:50:01.000Z',1);
INSERT INTO "deliveries" VALUES(7,2,9,'failed','dan@bay.example','Dan',NULL,NULL,NULL,NULL,1,'2026-11-28T08:00:04.000Z',NULL,NULL,'550 5.1.1 no such user','2026-11-28T08:00:04.000Z',1);
INSERT INTO "deliveries" VALUES(8,2,10,'accepted','eve@bay.example','Eve',NULL,NULL,NULL,NULL,1,'2026-11-28T08:20:01.000Z',NULL,NULL,'250 2.0.0 Ok: 4','2026-11-28T08:20:01.000Z',1);
INSERT INTO "deliveries" VALUES(9,2,11,'cancelled','finn@bay.example','Finn',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,'unsubscribed after the audience was frozen','2026-11-28T08:00:02.000Z',NULL);
CREATE TABLE exclusions (
	send_id INTEGER NOT NULL, 
	subscriber_id INTEGER NOT NULL, 
	email TEXT NOT NULL, 
	reason VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_exclusions PRIMARY KEY (send_id, subscriber_id), 
	CONSTRAINT fk_exclusions_send_id_sends FOREIGN KEY(send_id) REFERENCES sends (id)
);
INSERT INTO "exclusions" VALUES(2,12,'gus@bay.example','complained');
INSERT INTO "exclusions" VALUES(2,13,'hal@bay.example','unsubscribed');
INSERT INTO "exclusions" VALUES(2,14,'ida@bay.example','bounced');
CREATE TABLE fields (
	name VARCHAR(64) NOT NULL, 
	type VARCHAR(16) NOT NULL, 
	CONSTRAINT pk_fields PRIMARY KEY (name)
);
CREATE TABLE journals_read (
	name VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_journals_read PRIMARY KEY (name)
);
INSERT INTO "journals_read" VALUES('20261126T080000-77-0a0b');
INSERT INTO "journals_read" VALUES('20261128T080000-4711-9f3c');
INSERT INTO "journals_read" VALUES('20261128T082000-4712-9f3d');
INSERT INTO "journals_read" VALUES('20261128T085000-4713-9f3e');
CREATE TABLE lists (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR(64) NOT NULL, 
	title TEXT NOT NULL, 
	description TEXT DEFAULT '' NOT NULL, 
	created_at VARCHAR(24) NOT NULL, 
	CONSTRAINT uq_lists_name UNIQUE (name)
);
INSERT INTO "lists" VALUES(1,'tides','tides','','2026-10-29T08:00:00.000Z');
INSERT INTO "lists" VALUES(2,'weekly','weekly','','2026-10-29T08:00:00.000Z');
CREATE TABLE paces (
	account VARCHAR(16) NOT NULL, 
	scope TEXT NOT NULL, 
	rate FLOAT, 
	ceiling FLOAT, 
	patience FLOAT, 
	quota INTEGER, 
	period FLOAT, 
	window_since VARCHAR(24), 
	window_used INTEGER, 
	parked_until VARCHAR(24), 
	connections INTEGER, 
	learned_at VARCHAR(24) NOT NULL, 
	CONSTRAINT pk_paces PRIMARY KEY (account, scope)
);
CREATE TABLE passed (
	id INTEGER NOT NULL, 
	account VARCHAR(16) NOT NULL, 
	at VARCHAR(24) NOT NULL, 
	number INTEGER NOT NULL, 
	CONSTRAINT pk_passed PRIMARY KEY (id)
);
INSERT INTO "passed" VALUES(1,'an-account','2026-11-26T08:00:01.000Z',3);
INSERT INTO "passed" VALUES(2,'an-account','2026-11-28T08:00:03.000Z',2);
INSERT INTO "passed" VALUES(3,'an-account','2026-11-28T08:20:01.000Z',1);
INSERT INTO "passed" VALUES(4,'an-account','2026-11-28T08:50:01.000Z',1);
CREATE TABLE revisions (
	send_id INTEGER NOT NULL, 
	no INTEGER NOT NULL, 
	revision VARCHAR(64) NOT NULL, 
	template BLOB, 
	subject TEXT NOT NULL, 
	since VARCHAR(24) NOT NULL, 
	CONSTRAINT pk_revisions PRIMARY KEY (send_id, no), 
	CONSTRAINT fk_revisions_send_id_sends FOREIGN KEY(send_id) REFERENCES sends (id)
);
INSERT INTO "revisions" VALUES(1,1,'4f1c9a',X'636F6D70696C6564','Tide','2026-11-26T08:00:00.000Z');
INSERT INTO "revisions" VALUES(2,1,'4f1c9a',X'636F6D70696C6564','Clock','2026-11-28T08:00:00.000Z');
CREATE TABLE schedules (
	id INTEGER NOT NULL, 
	issue TEXT NOT NULL, 
	audience TEXT NOT NULL, 
	due_at VARCHAR(24) NOT NULL, 
	zone TEXT NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	note TEXT DEFAULT '' NOT NULL, 
	created_at VARCHAR(24) NOT NULL, 
	updated_at VARCHAR(24) NOT NULL, send_id INTEGER, 
	CONSTRAINT pk_schedules PRIMARY KEY (id)
);
CREATE TABLE sends (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	slug TEXT NOT NULL, 
	audience TEXT NOT NULL, 
	occasion INTEGER DEFAULT '0' NOT NULL, 
	subject TEXT NOT NULL, 
	revision VARCHAR(64) NOT NULL, 
	candidates INTEGER DEFAULT '0' NOT NULL, 
	created_at VARCHAR(24) NOT NULL, 
	halted VARCHAR(16), 
	proved_at VARCHAR(24), audience_put TEXT, subject_put TEXT, halted_at VARCHAR(24), halted_by TEXT, halt_told_at VARCHAR(24), corrects INTEGER, correction INTEGER, 
	CONSTRAINT uq_sends_slug_audience_occasion UNIQUE (slug, audience, occasion)
);
INSERT INTO "sends" VALUES(1,'tide','{"exclude":[],"lists":["tides"]}',0,'Tide','4f1c9a',3,'2026-11-26T08:00:00.000Z',NULL,'2026-11-26T08:00:00.000Z','{"exclude": [], "lists": ["tides"]}',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "sends" VALUES(2,'clock','{"exclude":[],"lists":["weekly"]}',0,'Clock','4f1c9a',9,'2026-11-28T08:00:00.000Z',NULL,'2026-11-28T08:00:00.000Z','{"exclude": [], "lists": ["weekly"]}',NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE subscribers (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	email TEXT NOT NULL, 
	email_key TEXT NOT NULL, 
	name TEXT, 
	language TEXT, 
	timezone TEXT, 
	tags JSON, 
	fields JSON, 
	created_at VARCHAR(24) NOT NULL, 
	updated_at VARCHAR(24) NOT NULL, 
	CONSTRAINT uq_subscribers_email_key UNIQUE (email_key)
);
INSERT INTO "subscribers" VALUES(1,'zoe@quay.example','zoe@quay.example',NULL,NULL,NULL,NULL,NULL,'2026-11-08T08:00:00.000Z','2026-11-08T08:00:00.000Z');
INSERT INTO "subscribers" VALUES(2,'yan@quay.example','yan@quay.example',NULL,NULL,NULL,NULL,NULL,'2026-11-08T08:00:00.000Z','2026-11-08T08:00:00.000Z');
INSERT INTO "subscribers" VALUES(3,'xia@quay.example','xia@quay.example',NULL,NULL,NULL,NULL,NULL,'2026-11-08T08:00:00.000Z','2026-11-08T08:00:00.000Z');
INSERT INTO "subscribers" VALUES(4,'una@quay.example','una@quay.example',NULL,NULL,NULL,NULL,NULL,'2026-11-13T08:00:00.000Z','2026-11-13T08:00:00.000Z');
INSERT INTO "subscribers" VALUES(5,'vic@quay.example','vic@quay.example',NULL,NULL,NULL,NULL,NULL,'2026-11-13T08:00:00.000Z','2026-11-13T08:00:00.000Z');
INSERT INTO "subscribers" VALUES(6,'ada@bay.example','ada@bay.example','Ada',NULL,NULL,NULL,NULL,'2026-11-18T08:00:00.000Z','2026-11-18T08:00:00.000Z');
INSERT INTO "subscribers" VALUES(7,'ben@bay.example','ben@bay.example','Ben',NULL,NULL,NULL,NULL,'2026-11-18T08:00:00.000Z','2026-11-18T08:00:00.000Z');
INSERT INTO "subscribers" VALUES(8,'cat@bay.example','cat@bay.example','Cat',NULL,NULL,NULL,NULL,'2026-11-18T08:00:00.000Z','2026-11-18T08:00:00.000Z');
INSERT INTO "subscribers" VALUES(9,'dan@bay.example','dan@bay.example','Dan',NULL,NULL,NULL,NULL,'2026-11-18T08:00:00.000Z','2026-11-18T08:00:00.000Z');
INSERT INTO "subscribers" VALUES(10,'eve@bay.example','eve@bay.example','Eve',NULL,NULL,NULL,NULL,'2026-11-18T08:00:00.000Z','2026-11-18T08:00:00.000Z');
INSERT INTO "subscribers" VALUES(11,'finn@bay.example','finn@bay.example','Finn',NULL,NULL,NULL,NULL,'2026-11-18T08:00:00.000Z','2026-11-18T08:00:00.000Z');
INSERT INTO "subscribers" VALUES(12,'gus@bay.example','gus@bay.example','Gus',NULL,NULL,NULL,NULL,'2026-11-18T08:00:00.000Z','2026-11-18T08:00:00.000Z');
INSERT INTO "subscribers" VALUES(13,'hal@bay.example','hal@bay.example','Hal',NULL,NULL,NULL,NULL,'2026-11-18T08:00:00.000Z','2026-11-18T08:00:00.000Z');
INSERT INTO "subscribers" VALUES(14,'ida@bay.example','ida@bay.example','Ida',NULL,NULL,NULL,NULL,'2026-11-18T08:00:00.000Z','2026-11-18T08:00:00.000Z');
CREATE TABLE subscriptions (
	list_id INTEGER NOT NULL, 
	subscriber_id INTEGER NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	source TEXT NOT NULL, 
	since VARCHAR(24) NOT NULL, 
	CONSTRAINT pk_subscriptions PRIMARY KEY (list_id, subscriber_id), 
	CONSTRAINT fk_subscriptions_list_id_lists FOREIGN KEY(list_id) REFERENCES lists (id) ON DELETE CASCADE, 
	CONSTRAINT fk_subscriptions_subscriber_id_subscribers FOREIGN KEY(subscriber_id) REFERENCES subscribers (id) ON DELETE CASCADE
);
INSERT INTO "subscriptions" VALUES(1,1,'subscribed','test','2026-11-08T08:00:00.000Z');
INSERT INTO "subscriptions" VALUES(1,2,'subscribed','test','2026-11-08T08:00:00.000Z');
INSERT INTO "subscriptions" VALUES(1,3,'subscribed','test','2026-11-08T08:00:00.000Z');
INSERT INTO "subscriptions" VALUES(2,6,'subscribed','test','2026-11-18T08:00:00.000Z');
INSERT INTO "subscriptions" VALUES(2,7,'subscribed','test','2026-11-18T08:00:00.000Z');
INSERT INTO "subscriptions" VALUES(2,8,'subscribed','test','2026-11-18T08:00:00.000Z');
INSERT INTO "subscriptions" VALUES(2,9,'subscribed','test','2026-11-18T08:00:00.000Z');
INSERT INTO "subscriptions" VALUES(2,10,'subscribed','test','2026-11-18T08:00:00.000Z');
INSERT INTO "subscriptions" VALUES(2,11,'unsubscribed','test','2026-11-28T08:00:01.000Z');
INSERT INTO "subscriptions" VALUES(2,12,'subscribed','test','2026-11-18T08:00:00.000Z');
INSERT INTO "subscriptions" VALUES(2,13,'unsubscribed','test','2026-11-25T08:00:00.000Z');
INSERT INTO "subscriptions" VALUES(2,14,'subscribed','test','2026-11-18T08:00:00.000Z');
CREATE TABLE suppressions (
	email_key TEXT NOT NULL, 
	reason VARCHAR(32) NOT NULL, 
	note TEXT DEFAULT '' NOT NULL, 
	since VARCHAR(24) NOT NULL, 
	CONSTRAINT pk_suppressions PRIMARY KEY (email_key)
);
INSERT INTO "suppressions" VALUES('ida@bay.example','bounced','','2026-11-25T08:00:00.000Z');
INSERT INTO "suppressions" VALUES('gus@bay.example','complained','','2026-11-25T08:00:00.000Z');
CREATE TABLE warmups (
	account VARCHAR(16) NOT NULL, 
	domain TEXT NOT NULL, 
	started_on DATE NOT NULL, 
	started_at VARCHAR(24) NOT NULL, 
	CONSTRAINT pk_warmups PRIMARY KEY (account, domain)
);
CREATE INDEX ix_subscriptions_subscriber_id ON subscriptions (subscriber_id);
CREATE INDEX ix_deliveries_send_id_state ON deliveries (send_id, state);
CREATE INDEX ix_attempts_delivery_id ON attempts (delivery_id);
CREATE INDEX ix_passed_account ON passed (account, at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('lists',2);
INSERT INTO "sqlite_sequence" VALUES('subscribers',14);
INSERT INTO "sqlite_sequence" VALUES('sends',2);
COMMIT;
