"""The one name under which On Record is installed: `onrecord.schemas`, and the service as `onrecord.api`.

In the repository both lie beside this folder, as `schemas` and `api`; setup.py puts them in here.
"""
