"""What the pages of members have in common."""

from accounts.models import User
from accounts.pages import PageRequest


class MemberRequest(PageRequest):
    """A request for a page that is closed to strangers: there is somebody behind it."""

    user: User
