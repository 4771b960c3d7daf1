use plimsoll_contract::wit;
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{ManglingAndAbi, Resolve, SourceMap};

/// Small components to begin with: one of each world of the contract, whose functions all trap, as
/// a core module that carries its type and as a component.
///
/// # Errors
///
/// If the contract's WIT does not serve, which its own tests rule out.
pub fn components() -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut seeds = Vec::new();
    for world in ["core", "production", "webhooks", "full"] {
        let module = module(world).map_err(|error| format!("{world}: {error:#}"))?;
        let encoder = ComponentEncoder::default().validate(true).module(&module);
        let component = encoder.and_then(|mut encoder| encoder.encode());
        seeds.push((format!("{world}.core"), module));
        seeds.push((world.to_owned(), component.map_err(|error| format!("{world}: {error:#}"))?));
    }
    Ok(seeds)
}

fn module(world: &str) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut resolve = Resolve::default();
    resolve.push_source("clock.wit", wit::WALL_CLOCK)?;
    let mut contract = SourceMap::default();
    for file in wit::FILES {
        contract.push_str(file.path, file.text);
    }
    let package = contract.parse().map_err(|(_, error)| error.to_string())?;
    let package = resolve.push_group(package)?;
    let world = resolve.select_world(&[package], Some(world))?;
    let mut module = dummy_module(&resolve, world, ManglingAndAbi::Standard32);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    Ok(module)
}
