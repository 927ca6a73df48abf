/**
 * The address of the repository, such as `https://host/owner/name`. It is not known yet: set it before the first release, which
 * `deno task release` refuses until then. The extension's manifest gets it from here.
 */
export const REPOSITORY_ADDRESS: string | undefined = undefined;
