"""A message still stands as it was sent, but for words struck out (``…``) when a person is forgotten."""

from django.db import migrations

BODY = """
CREATE OR REPLACE FUNCTION chat_message_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.thread_id, NEW.author_id, NEW.sent_at, NEW.system, NEW.flags, NEW.asset_id)
       IS DISTINCT FROM (OLD.thread_id, OLD.author_id, OLD.sent_at, OLD.system, OLD.flags, OLD.asset_id)
       OR NOT ({text}) OR NOT ({masked}) THEN
        RAISE EXCEPTION 'message % stands as it was sent', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""
#: what is left must be the old text with nothing but gaps in it
STRUCK = (
    "NEW.{0} IN (OLD.{0}, '') OR OLD.{0} LIKE replace(replace(replace(replace("
    "NEW.{0}, '\\', '\\\\'), '%', '\\%'), '_', '\\_'), '…', '%')"
)
EMPTIED = "NEW.{0} IN (OLD.{0}, '')"


def body(rule: str) -> str:
    return BODY.replace("{text}", rule.format("text")).replace("{masked}", rule.format("masked_text"))


class Migration(migrations.Migration):
    dependencies = [("chat", "0002_messages_stand")]
    operations = [migrations.RunSQL(body(STRUCK), body(EMPTIED))]
