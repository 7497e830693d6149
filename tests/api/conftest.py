"""The API's tests stand on Khidma's people and places."""

from tests.khidma.conftest import khidma as khidma
