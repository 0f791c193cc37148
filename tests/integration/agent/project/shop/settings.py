"""A Django project as others have it: the one line about profiling is the first application."""

import os

SECRET_KEY = "of a test"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["phlareweb.agent", "django.contrib.contenttypes"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "shop.urls"
USE_TZ = True
CELERY_BROKER_URL = os.environ.get("SHOP_BROKER", "memory://")
CELERY_TASK_DEFAULT_QUEUE = "orders"
