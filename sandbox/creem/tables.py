"""The rows and buttons of the local Creem's pages."""


def row(*cells: str) -> str:
    """Return a row of a table; the cells are HTML."""
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def button(address: str, text: str) -> str:
    """Return a button that posts to an address."""
    return f'<form method="post" action="{address}"><button>{text}</button></form>'
