"""People and customers, valid and no more than that."""

import factory
from allauth.account.models import EmailAddress

from accounts.models import Customer, User

PASSWORD = "a quiet river at night"


class EmailAddressFactory(factory.django.DjangoModelFactory[EmailAddress]):
    class Meta:
        model = EmailAddress

    verified = True
    primary = True


class UserFactory(factory.django.DjangoModelFactory[User]):
    """Somebody who registered, confirmed the address, and logs in with `PASSWORD`."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda number: f"person{number}@example.com")
    password = factory.django.Password(PASSWORD)
    email_address = factory.RelatedFactory(
        EmailAddressFactory, factory_related_name="user", email=factory.SelfAttribute("user.email")
    )


class StaffFactory(UserFactory):
    is_staff = True


class SuperuserFactory(StaffFactory):
    is_superuser = True


class CustomerFactory(factory.django.DjangoModelFactory[Customer]):
    """A buyer with a login; `CustomerFactory.create(user=None)` is a guest."""

    class Meta:
        model = Customer

    user = factory.SubFactory(UserFactory)
