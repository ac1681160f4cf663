"""The browser beside the terminal."""

from tests.browser import browser as browser
from tests.browser import chromium as chromium
