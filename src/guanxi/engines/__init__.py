"""Every side effect and every optional package lives here, behind the protocols of the layers below."""

__all__: list[str] = []
