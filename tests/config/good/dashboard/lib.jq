def person: {id, name};
