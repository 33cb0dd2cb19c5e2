/* document_explain.h -- why a text is not YAML.  Private to document.c. */
#ifndef UG_DOCUMENT_EXPLAIN_H
#define UG_DOCUMENT_EXPLAIN_H

#include <yaml.h>

#include "engine/model/document_text.h"

/* Reports the error that a parser stopped at. */
void ug_yaml_explain(const yaml_parser_t *p, struct ug_text *text, struct ug_diags *diags);

#endif
