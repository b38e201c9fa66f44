"""What the calendar works on: requests, recertifications, notices, letters, releases, backups, jobs, staff."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# SQLite gives rowids to INTEGER PRIMARY KEY only.
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Take the step."""
    op.create_table('agreement',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('sha256', sa.LargeBinary(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('first_seen_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_agreement'))
    )
    op.create_table('backup',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('made_at', sa.BigInteger(), nullable=False),
    sa.Column('copied_at', sa.BigInteger(), nullable=True),
    sa.Column('made_by', sa.Text(), nullable=False),
    sa.Column('place', sa.Text(), nullable=False),
    sa.Column('forgotten_at', sa.BigInteger(), nullable=True),
    sa.Column('forgotten_by', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_backup'))
    )
    op.create_index(op.f('ix_backup_made_at'), 'backup', ['made_at'], unique=False)
    op.create_table('halt',
    sa.Column('cause', sa.Text(), nullable=False),
    sa.Column('since', sa.BigInteger(), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('cause', name=op.f('pk_halt'))
    )
    op.create_table('job',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('due_at', sa.BigInteger(), nullable=False),
    sa.Column('runner', sa.Text(), nullable=True),
    sa.Column('lease_until', sa.BigInteger(), nullable=True),
    sa.Column('succeeded_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_job'))
    )
    op.create_table('job_run',
    sa.Column('id', ROW_ID, nullable=False),
    sa.Column('job', sa.Text(), nullable=False),
    sa.Column('runner', sa.Text(), nullable=False),
    sa.Column('started_at', sa.BigInteger(), nullable=False),
    sa.Column('ended_at', sa.BigInteger(), nullable=True),
    sa.Column('outcome', sa.Text(), nullable=True),
    sa.Column('did', sa.Text(), server_default=sa.text("''"), nullable=False),
    sa.Column('microseconds', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_job_run')),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_job_run_job'), 'job_run', ['job'], unique=False)
    op.create_index(op.f('ix_job_run_started_at'), 'job_run', ['started_at'], unique=False)
    op.create_table('release',
    sa.Column('plan', sa.Text(), nullable=False),
    sa.Column('moment', sa.BigInteger(), nullable=False),
    sa.Column('released_by', sa.Text(), nullable=False),
    sa.Column('released_at', sa.BigInteger(), nullable=False),
    sa.Column('finished_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('plan', name=op.f('pk_release'))
    )
    op.create_table('staff',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('added_by', sa.Text(), nullable=False),
    sa.Column('added_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_staff'))
    )
    op.create_table('release_victim',
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('victim', sa.Text(), nullable=False),
    sa.Column('plan', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['plan'], ['release.plan'], name=op.f('fk_release_victim_plan')),
    sa.PrimaryKeyConstraint('kind', 'victim', 'plan', name=op.f('pk_release_victim'))
    )
    op.create_table('review',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('organization', sa.Text(), nullable=False),
    sa.Column('month', sa.Text(), nullable=False),
    sa.Column('opened_at', sa.BigInteger(), nullable=False),
    sa.Column('due_at', sa.BigInteger(), nullable=False),
    sa.Column('reminded_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['organization'], ['organization.id'], name=op.f('fk_review_organization')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_review')),
    sa.UniqueConstraint('organization', 'month', name=op.f('uq_review_organization_month'))
    )
    op.create_table('access_request',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('organization', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('account', sa.Text(), nullable=True),
    sa.Column('purpose', sa.Text(), nullable=False),
    sa.Column('person', sa.Text(), nullable=True),
    sa.Column('email', sa.Text(), nullable=True),
    sa.Column('phone', sa.Text(), nullable=True),
    sa.Column('addresses', sa.Text(), nullable=True),
    sa.Column('contact', sa.Text(), nullable=True),
    sa.Column('keys', sa.Text(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('agreement', sa.Text(), nullable=True),
    sa.Column('agreement_sha256', sa.LargeBinary(), nullable=True),
    sa.Column('agreed_by', sa.Text(), nullable=True),
    sa.Column('agreed_at', sa.BigInteger(), nullable=True),
    sa.Column('agreed_from', sa.Text(), nullable=True),
    sa.Column('submitted_by', sa.Text(), nullable=False),
    sa.Column('submitted_at', sa.BigInteger(), nullable=False),
    sa.Column('due_at', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.Column('decided_by', sa.Text(), nullable=True),
    sa.Column('decided_at', sa.BigInteger(), nullable=True),
    sa.Column('decision', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['account'], ['account.id'], name=op.f('fk_access_request_account')),
    sa.ForeignKeyConstraint(['agreement'], ['agreement.name'], name=op.f('fk_access_request_agreement')),
    sa.ForeignKeyConstraint(['organization'], ['organization.id'], name=op.f('fk_access_request_organization')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_access_request'))
    )
    op.create_index(op.f('ix_access_request_account'), 'access_request', ['account'], unique=False)
    op.create_index(op.f('ix_access_request_due_at'), 'access_request', ['due_at'], unique=False)
    op.create_index(op.f('ix_access_request_organization'), 'access_request', ['organization'], unique=False)
    op.create_index(op.f('ix_access_request_state'), 'access_request', ['state'], unique=False)
    op.create_table('letter',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('template', sa.Text(), nullable=False),
    sa.Column('recipient', sa.Text(), nullable=True),
    sa.Column('fields', sa.Text(), nullable=True),
    sa.Column('account', sa.Text(), nullable=True),
    sa.Column('queued_at', sa.BigInteger(), nullable=False),
    sa.Column('next_try_at', sa.BigInteger(), nullable=True),
    sa.Column('claimed_until', sa.BigInteger(), nullable=True),
    sa.Column('attempts', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('last_error', sa.Text(), nullable=True),
    sa.Column('sent_at', sa.BigInteger(), nullable=True),
    sa.Column('given_up_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['account'], ['account.id'], name=op.f('fk_letter_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_letter'))
    )
    op.create_index(op.f('ix_letter_account'), 'letter', ['account'], unique=False)
    op.create_index(op.f('ix_letter_next_try_at'), 'letter', ['next_try_at'], unique=False)
    op.create_table('review_item',
    sa.Column('review', sa.Text(), nullable=False),
    sa.Column('account', sa.Text(), nullable=False),
    sa.Column('answer', sa.Text(), nullable=True),
    sa.Column('answered_by', sa.Text(), nullable=True),
    sa.Column('answered_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['account'], ['account.id'], name=op.f('fk_review_item_account')),
    sa.ForeignKeyConstraint(['review'], ['review.id'], name=op.f('fk_review_item_review')),
    sa.PrimaryKeyConstraint('review', 'account', name=op.f('pk_review_item'))
    )
    op.create_index(op.f('ix_review_item_account'), 'review_item', ['account'], unique=False)
    op.create_table('notice',
    sa.Column('id', ROW_ID, nullable=False),
    sa.Column('account', sa.Text(), nullable=False),
    sa.Column('version', ROW_ID, nullable=True),
    sa.Column('days', sa.Integer(), nullable=False),
    sa.Column('ends_at', sa.BigInteger(), nullable=False),
    sa.Column('told_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['account'], ['account.id'], name=op.f('fk_notice_account')),
    sa.ForeignKeyConstraint(['version'], ['version.id'], name=op.f('fk_notice_version')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notice')),
    sa.UniqueConstraint('account', 'version', 'days', 'ends_at', name=op.f('uq_notice_account_version_days_ends_at')),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_notice_ends_at'), 'notice', ['ends_at'], unique=False)
    op.create_index(op.f('ix_notice_version'), 'notice', ['version'], unique=False)
    op.create_index('uq_notice_account', 'notice', ['account', 'days', 'ends_at'], unique=True, sqlite_where=sa.text('version IS NULL'), postgresql_where=sa.text('version IS NULL'))
    op.add_column('account', sa.Column('person', sa.Text(), nullable=True))
    op.add_column('account', sa.Column('phone', sa.Text(), nullable=True))
    op.add_column('account', sa.Column('contact', sa.Text(), nullable=True))
    op.add_column('account', sa.Column('last_signon_door', sa.Text(), nullable=True))
    op.add_column('account', sa.Column('last_signon_source', sa.BigInteger(), nullable=True))
    op.add_column('account', sa.Column('recertify_by', sa.BigInteger(), nullable=True))
    op.add_column('account', sa.Column('purged_at', sa.BigInteger(), nullable=True))
    op.add_column('account', sa.Column('purged_why', sa.Text(), nullable=True))
    op.add_column('organization', sa.Column('seats', sa.Integer(), nullable=True))
    op.add_column('organization', sa.Column('administrator', sa.Text(), nullable=True))
    op.add_column('version', sa.Column('hold_by', sa.Text(), nullable=True))
    op.add_column('version', sa.Column('hold_at', sa.BigInteger(), nullable=True))
    op.add_column('version', sa.Column('hold_until', sa.BigInteger(), nullable=True))
    op.add_column('version', sa.Column('checked_at', sa.BigInteger(), nullable=True))
    op.add_column('version', sa.Column('damaged_at', sa.BigInteger(), nullable=True))
    op.create_index('ix_version_checked', 'version', ['checked_at'], unique=False, sqlite_where=sa.text('entry IS NOT NULL'), postgresql_where=sa.text('entry IS NOT NULL'))
    op.create_index('ix_version_damaged', 'version', ['damaged_at'], unique=False, sqlite_where=sa.text('damaged_at IS NOT NULL'), postgresql_where=sa.text('damaged_at IS NOT NULL'))
    op.add_column('tombstone', sa.Column('key_destroyed_at', sa.BigInteger(), nullable=True))
    op.drop_index('ix_version_expires_at', table_name='version')
    op.create_index('ix_version_due', 'version', ['expires_at'], unique=False, sqlite_where=sa.text('entry IS NOT NULL'), postgresql_where=sa.text('entry IS NOT NULL'))
    op.drop_index('ix_tombstone_destroy_at', table_name='tombstone')
    op.create_index('ix_tombstone_due', 'tombstone', ['destroy_at'], unique=False, sqlite_where=sa.text('destroyed_at IS NULL'), postgresql_where=sa.text('destroyed_at IS NULL'))
    # Nobody wrote down until now who put a hold.
    op.execute("UPDATE version SET hold_by = 'operator', hold_at = created_at WHERE hold IS NOT NULL")
