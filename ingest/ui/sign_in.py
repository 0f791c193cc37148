"""The page where users of this site sign in."""

from __future__ import annotations

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView

from ingest.api.access_middleware import Audience, audience


class SignInForm(AuthenticationForm):
    """Name and password. One sentence for whatever is wrong, and for too many attempts."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": (
            "Name and password do not belong to a user of this site, or there were too many wrong ones: then wait five "
            "minutes."
        ),
    }


@audience(Audience.EVERYBODY)
class SignInView(LoginView):
    """Signs a user in, and leads on to the page that was asked for."""

    template_name = "ingest/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = False
