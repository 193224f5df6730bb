"""Monthly invoice export for the accounting office in Liège.

Written in 1998 on a machine that knew one encoding; nobody has saved it as another since.
"""

import csv

COLUMNS = ["Numéro", "Société", "Créé le", "Montant dû"]


def export(invoices, path):
    with open(path, "w", newline="") as file:
        rows = csv.writer(file, delimiter=";")
        rows.writerow(COLUMNS)
        for invoice in invoices:
            rows.writerow([invoice.number, invoice.company, invoice.date, "%.2f" % invoice.due])


def total_due(invoices):
    return sum(invoice.due for invoice in invoices)
