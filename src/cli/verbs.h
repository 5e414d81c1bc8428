#pragma once

#include "cli/command.h"

namespace slipway::cli {

// Commands that crane and oras have: of command_mutate.cpp and command_artifact.cpp.
Command mutate_command();
Command append_command();
Command flatten_command();
Command put_command();
Command get_command();
Command attach_command();
Command blob_command();
Command catalog_command();

// Commands that cosign has: of command_sign.cpp and command_key.cpp.
Command sign_command();
Command attest_command();
Command key_command();

}  // namespace slipway::cli
