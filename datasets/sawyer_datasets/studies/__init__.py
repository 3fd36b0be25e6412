"""Studies of many trainings and evaluations: plan, cells, statistics, tables and figures.

A plan (YAML) names every training and evaluation; each is a `Job`, whose finished record is one
JSON file. The command that runs a study lives in the command line; here is what it needs and
what turns the records into documents.
"""
