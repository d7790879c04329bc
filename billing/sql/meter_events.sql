-- Meter events, partitioned by month. Their keys live for ever in billing_metereventkey, which alone says what is unique:
-- an index of the same here would have to know the month.
-- What no month's partition takes (a moved clock, a job that did not run) lands in the default one and stays there.

CREATE TABLE billing_meterevent (
    source varchar(255) COLLATE "C" NOT NULL,
    event_id varchar(255) COLLATE "C" NOT NULL,
    type varchar(120) NOT NULL,
    customer_id bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    data jsonb NOT NULL
) PARTITION BY RANGE (occurred_at);

CREATE INDEX billing_meterevent_customer ON billing_meterevent (customer_id, type, occurred_at);
CREATE TABLE billing_meterevent_default PARTITION OF billing_meterevent DEFAULT;
