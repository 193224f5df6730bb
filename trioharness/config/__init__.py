"""Settings of an application: from a file, from variables and from flags into its own class.

Importing this imports neither cattrs nor tomllib; reading the first settings does.
"""

from ._read import read_config as read_config
