"""What the portal keeps, and what a directory says of an account."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_table('attestation',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('account', sa.Text(), nullable=False),
    sa.Column('text_version', sa.Text(), nullable=False),
    sa.Column('text_sha256', sa.LargeBinary(), nullable=False),
    sa.Column('directory_user', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('source', sa.BigInteger(), nullable=False),
    sa.Column('session', sa.Text(), nullable=False),
    sa.Column('factors', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['account'], ['account.id'], name=op.f('fk_attestation_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attestation'))
    )
    op.create_index(op.f('ix_attestation_account'), 'attestation', ['account'], unique=False)
    op.create_table('identity',
    sa.Column('issuer', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('account', sa.Text(), nullable=False),
    sa.Column('linked_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['account'], ['account.id'], name=op.f('fk_identity_account')),
    sa.PrimaryKeyConstraint('issuer', 'subject', name=op.f('pk_identity')),
    sa.UniqueConstraint('account', name=op.f('uq_identity_account'))
    )
    op.create_table('mail_link',
    sa.Column('token_sha256', sa.LargeBinary(), nullable=False),
    sa.Column('account', sa.Text(), nullable=False),
    sa.Column('purpose', sa.Text(), nullable=False),
    sa.Column('email', sa.Text(), nullable=True),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('used_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['account'], ['account.id'], name=op.f('fk_mail_link_account')),
    sa.PrimaryKeyConstraint('token_sha256', name=op.f('pk_mail_link'))
    )
    op.create_index(op.f('ix_mail_link_account'), 'mail_link', ['account'], unique=False)
    op.create_table('recovery_code',
    sa.Column('account', sa.Text(), nullable=False),
    sa.Column('sha256', sa.LargeBinary(), nullable=False),
    sa.Column('used_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['account'], ['account.id'], name=op.f('fk_recovery_code_account')),
    sa.PrimaryKeyConstraint('account', 'sha256', name=op.f('pk_recovery_code'))
    )
    op.create_table('totp',
    sa.Column('credential', sa.Text(), nullable=False),
    sa.Column('confirmed_at', sa.BigInteger(), nullable=True),
    sa.Column('last_step', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['credential'], ['credential.id'], name=op.f('fk_totp_credential'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('credential', name=op.f('pk_totp'))
    )
    op.create_table('visit',
    sa.Column('token_sha256', sa.LargeBinary(), nullable=False),
    sa.Column('stage', sa.Text(), nullable=False),
    sa.Column('account', sa.Text(), nullable=True),
    sa.Column('session', sa.Text(), nullable=True),
    sa.Column('proven', sa.Text(), nullable=False),
    sa.Column('factors', sa.Text(), nullable=False),
    sa.Column('source', sa.BigInteger(), nullable=False),
    sa.Column('began_at', sa.BigInteger(), nullable=False),
    sa.Column('touched_at', sa.BigInteger(), nullable=False),
    sa.Column('signed_in_at', sa.BigInteger(), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('oidc', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['account'], ['account.id'], name=op.f('fk_visit_account')),
    sa.ForeignKeyConstraint(['session'], ['session.id'], name=op.f('fk_visit_session'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('token_sha256', name=op.f('pk_visit'))
    )
    op.create_index(op.f('ix_visit_account'), 'visit', ['account'], unique=False)
    op.create_index(op.f('ix_visit_session'), 'visit', ['session'], unique=False)
    op.create_index(op.f('ix_visit_source'), 'visit', ['source'], unique=False)
    op.create_index(op.f('ix_visit_touched_at'), 'visit', ['touched_at'], unique=False)
    op.add_column('account', sa.Column('external_id', sa.Text(), nullable=True))
    op.add_column('account', sa.Column('setup_state', sa.Text(), nullable=True))
    op.add_column('account', sa.Column('setup_mark', sa.Text(), nullable=True))
    op.add_column('account', sa.Column('setup_checked_at', sa.BigInteger(), nullable=True))
    op.add_column('account', sa.Column('setup_text', sa.Text(), nullable=True))
    op.add_column('organization', sa.Column('portal_any_address', sa.Boolean(), server_default=sa.text('false'), nullable=False))
    op.create_index('uq_account_external_id', 'account', ['external_id'], unique=True)
    # A second factor stands beside the password: only what is typed as a password is one of a kind.
    op.drop_index('uq_credential_password', 'credential')
    not_typed = sa.text("kind NOT IN ('key', 'totp', 'identity', 'directory')")
    op.create_index('uq_credential_password', 'credential', ['account'], unique=True, sqlite_where=not_typed, postgresql_where=not_typed)
    single = sa.text("kind IN ('identity', 'directory')")
    op.create_index('uq_credential_single', 'credential', ['account', 'kind'], unique=True, sqlite_where=single, postgresql_where=single)
    op.add_column('credential', sa.Column('waiting', sa.Boolean(), server_default=sa.text('false'), nullable=False))
