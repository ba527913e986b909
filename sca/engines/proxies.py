"""Which proxy leads to a server, as the environment says it: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY.

aiohttp's own `trust_env` would read ~/.netrc as well, and send what it finds there in place of the key.
"""

import ipaddress
import urllib.request
from urllib.parse import urlsplit

from sca.errors import UsageError


def proxy_for(url: str) -> str | None:
    """The proxy's address; None where the server is asked directly, as those of this machine always are.

    Lower-case names are read too and win. Raises `UsageError` for a proxy that does not speak HTTP.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    found = urllib.request.getproxies()
    proxy = found.get(parts.scheme) or found.get("all")
    if not proxy or _is_here(host) or urllib.request.proxy_bypass(parts.netloc) or urllib.request.proxy_bypass(host):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if urlsplit(proxy).scheme not in ("http", "https") or not urlsplit(proxy).hostname:
        name = f"{parts.scheme.upper()}_PROXY"
        raise UsageError(
            f"{name} in the environment (or ALL_PROXY) names no HTTP proxy, such as http://proxy:3128; "
            f"name another, or put {host} into NO_PROXY"
        )
    return proxy


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
