#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace slipway::config {

/// Returns true if a line that begins a document ("---") begins at a byte of a text.
bool begins_document(std::string_view text, std::size_t at);

/// Returns true if a line of the text may be a directive (%YAML, %TAG), which says how later documents are read.
bool may_have_directives(std::string_view text);

/// Returns the offsets at which a long text can be cut into pieces of whole documents that can be read on several
/// lanes, one piece each: the beginnings of lines that begin documents, about equally far apart. Such a line is always
/// the beginning of a document, whatever surrounds it (YAML 1.2.2, production 206, c-forbidden). Empty for short texts,
/// for one document, and if directives may be in force.
std::vector<std::size_t> document_cuts(std::string_view text);

}  // namespace slipway::config
