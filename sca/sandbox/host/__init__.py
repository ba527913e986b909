"""The host's side: the image, the containers and their pool, what runs in them as objects of the seam.

    from sca.sandbox.host import DockerSandbox

Importing it does not import the docker library; entering a sandbox does.
"""

from sca.sandbox.host.pool import DockerSandbox

__all__ = ["DockerSandbox"]
