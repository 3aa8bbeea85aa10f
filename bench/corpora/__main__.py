"""Print the figures of every collection; see the package."""

from bench.corpora import folder_of_public_mail, mime

for line in mime.report(folder_of_public_mail()):
    print(line)
