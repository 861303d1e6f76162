-- One record may stand in QuickBooks as several documents; payments are records of their own.

ALTER TABLE record DROP CONSTRAINT record_kind_check;
ALTER TABLE record ADD CONSTRAINT record_kind_check
    CHECK (kind IN ('customer', 'product', 'order', 'refund', 'payment', 'setup'));

ALTER TABLE document
    -- Which document of its record this is: 1, 2, …
    ADD COLUMN part        integer NOT NULL DEFAULT 1,
    ADD COLUMN txn_date    text    NOT NULL DEFAULT '',
    -- What of the order it books: id of a piece or a movement -> minor units.
    ADD COLUMN covers      jsonb   NOT NULL DEFAULT '{}',
    -- What of other documents it settles: [[entity, id, minor units], …].
    ADD COLUMN applies     jsonb   NOT NULL DEFAULT '[]',
    ADD COLUMN voided      boolean NOT NULL DEFAULT false,
    -- QuickBooks changed the tax that it was given.
    ADD COLUMN tax_shifted boolean NOT NULL DEFAULT false,
    -- The Id of the customer it is booked on.
    ADD COLUMN customer_id text    NOT NULL DEFAULT '',
    DROP CONSTRAINT document_pkey,
    ADD PRIMARY KEY (record_id, part);

ALTER TABLE claim
    ADD COLUMN part    integer NOT NULL DEFAULT 1,
    -- The document that an update or a void changes.
    ADD COLUMN qbo_id  text    NOT NULL DEFAULT '',
    ADD COLUMN covers  jsonb   NOT NULL DEFAULT '{}',
    ADD COLUMN applies jsonb   NOT NULL DEFAULT '[]';

-- The account that an item books to, for the debits and credits of a preview.
ALTER TABLE company_name ADD COLUMN account text NOT NULL DEFAULT '';

-- Documents from before this migration do not say what they hold, so nothing may be booked beside them.
UPDATE record SET status = 'skipped', reason = 'IGNORED',
       sentence = 'It was booked before LedgerPort kept what each document holds; changes of it are booked by hand.'
 WHERE kind IN ('order', 'refund') AND EXISTS (SELECT 1 FROM document d WHERE d.record_id = record.id);
