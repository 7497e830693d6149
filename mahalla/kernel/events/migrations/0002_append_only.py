"""Events cannot be changed, and whoever listens hears of a new one when it commits."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION events_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events are append-only' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE ON events_event
    FOR EACH ROW EXECUTE FUNCTION events_refuse_change();

CREATE FUNCTION events_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('mahalla_events', NEW.id::text);
    RETURN NULL;
END $$;
CREATE TRIGGER events_tell AFTER INSERT ON events_event FOR EACH ROW EXECUTE FUNCTION events_tell();
"""
BACKWARD = """
DROP TRIGGER events_tell ON events_event;
DROP FUNCTION events_tell();
DROP TRIGGER events_append_only ON events_event;
DROP FUNCTION events_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
