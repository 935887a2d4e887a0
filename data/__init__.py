"""What ships beside the code: migrations, catalogues, default rules, fonts, the demo warehouse."""
