"""What was said stands: the database refuses to change a message, and allows its words to be erased."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION chat_message_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.thread_id, NEW.author_id, NEW.sent_at, NEW.system, NEW.flags, NEW.asset_id)
       IS DISTINCT FROM (OLD.thread_id, OLD.author_id, OLD.sent_at, OLD.system, OLD.flags, OLD.asset_id)
       OR NEW.text NOT IN (OLD.text, '') OR NEW.masked_text NOT IN (OLD.masked_text, '') THEN
        RAISE EXCEPTION 'message % stands as it was sent', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER chat_message_stands BEFORE UPDATE ON chat_message
    FOR EACH ROW EXECUTE FUNCTION chat_message_stands();
"""
BACK = """
DROP TRIGGER chat_message_stands ON chat_message;
DROP FUNCTION chat_message_stands();
"""


class Migration(migrations.Migration):
    dependencies = [("chat", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACK)]
