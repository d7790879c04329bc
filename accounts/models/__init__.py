from accounts.models.audit import AuditEntry
from accounts.models.customers import Customer, Membership
from accounts.models.idempotency import IdempotentRequest
from accounts.models.keys import ApiKey
from accounts.models.notes import StaffNote
from accounts.models.users import User

__all__ = ["ApiKey", "AuditEntry", "Customer", "IdempotentRequest", "Membership", "StaffNote", "User"]
