"""YAML -> `Campaign`: the desired side, with the position of every value and every problem of every file in one run.

Who lives here: the read path (`text_file`, `yaml_tree`), what each scalar may say (`scalars`), the keys of a file
(`schema`, `validate`, `merge`), the project file (`project`), the walk over all manifests (`discover`, `load`), the
message itself (`templates`, `message_text`, `links`) and the catalogue of everything that can be wrong (`codes`).

What may enter: paths and the text of files; the moment, the names state knows as sent and the age of a commit are
handed in. What may leave: `Project`, `Campaign`, `Template` and `Diagnostic`; of the error tree only `ManifestError`.
No tree node, no pydantic model and no foreign exception crosses the door. Nothing heavy is imported by this file:
pydantic and ruamel.yaml come with `project` and `load`, Jinja2 only with a template that needs it.
"""
