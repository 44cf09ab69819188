//! The description of a recording, in the metadata of its schema.

use std::collections::HashMap;

use crate::model::Environment;

/// Version of the columns and their meanings. A reader reads every version up to its own, and
/// columns are only ever added.
pub const SCHEMA_VERSION: u32 = 1;

const VERSION_KEY: &str = "dio_trace.schema_version";
const ENVIRONMENT_KEY: &str = "dio_trace.environment";

/// The metadata of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Metadata {
    /// [`SCHEMA_VERSION`] of the writer.
    pub schema_version: u32,
    /// Where and how it was taken.
    pub environment: Environment,
}

impl Metadata {
    /// The metadata of a new recording.
    #[must_use]
    pub const fn new(environment: Environment) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            environment,
        }
    }

    /// Converts to pairs of key and value.
    ///
    /// # Errors
    /// Where the environment has no JSON form, which would be a bug in this program.
    pub fn to_pairs(&self) -> Result<HashMap<String, String>, String> {
        let environment =
            serde_json::to_string(&self.environment).map_err(|error| error.to_string())?;
        Ok(HashMap::from([
            (VERSION_KEY.to_owned(), self.schema_version.to_string()),
            (ENVIRONMENT_KEY.to_owned(), environment),
        ]))
    }

    /// Converts from pairs of key and value.
    ///
    /// # Errors
    /// Where these are not the pairs of a recording, or the recording is too new.
    pub fn from_pairs(pairs: &HashMap<String, String>) -> Result<Self, String> {
        let version = pairs.get(VERSION_KEY).ok_or(
            "this is an Arrow stream, but not a recording of dio-trace: its metadata lacks \
             dio_trace.schema_version",
        )?;
        let schema_version = version
            .parse()
            .map_err(|_| format!("the recording's schema version {version:?} is not a number"))?;
        if schema_version > SCHEMA_VERSION {
            return Err(format!(
                "the recording has schema version {schema_version}, and this dio-trace reads up \
                 to {SCHEMA_VERSION}: use the dio-trace that wrote it, or a newer one"
            ));
        }
        let environment = pairs.get(ENVIRONMENT_KEY).map_or("", String::as_str);
        let environment = serde_json::from_str(environment).map_err(|error| {
            format!("the recording's description of where it was taken is damaged: {error}")
        })?;
        Ok(Self {
            schema_version,
            environment,
        })
    }
}
