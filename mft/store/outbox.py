"""Letters on their way out, as rows: queued in the transaction of what they tell about."""

import json
from datetime import datetime

from sqlalchemy import Connection, insert

from mft.model.ids import LetterId, new_id
from mft.model.letter import Letter
from mft.store.tables import letter as table


def queue(connection: Connection, letter: Letter, at: datetime) -> LetterId:
    """Keep *letter* to be sent as soon as may be; it goes out only if the caller's transaction does."""
    number = LetterId(new_id("ltr"))
    connection.execute(
        insert(table).values(
            id=number,
            template=letter.template,
            recipient=letter.recipient,
            fields=json.dumps(dict(letter.fields), ensure_ascii=False),
            account=letter.account,
            queued_at=at,
            next_try_at=at,
        )
    )
    return number
